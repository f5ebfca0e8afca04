import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { EcKeyCurveName, PublicKey } from "@handclasp/core";
import { type ContractSigner, certificateForKey } from "@handclasp/testing";
import { nodeCredential } from "../../src/crypto/credential.ts";

/** A certificate for a KeyObject: see {@link certificateForKey}. */
export const certificateFor = (key: KeyObject): Uint8Array =>
  certificateForKey(new Uint8Array(key.export({ type: "spki", format: "der" })));

const curves: Record<string, EcKeyCurveName> = { "P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1" };

export function publicKeyOf(key: KeyObject): PublicKey {
  if (key.asymmetricKeyType === "rsa-pss") {
    // JWK has no RSASSA-PSS keys. The SubjectPublicKeyInfo ends with the PKCS#1 key, which JWK can express.
    const pkcs1 = key.export({ type: "spki", format: "der" }).subarray(-270);
    const rsaKey = publicKeyOf(createPublicKey({ key: pkcs1, type: "pkcs1", format: "der" }));
    return { ...(rsaKey as PublicKey & { type: "rsa" }), pssOnly: true };
  }
  const jwk = key.export({ format: "jwk" });
  const bytes = (text: string | undefined) => Uint8Array.from(Buffer.from(text ?? "", "base64url"));
  if (jwk.kty === "RSA") return { type: "rsa", modulus: bytes(jwk.n), exponent: bytes(jwk.e), pssOnly: false };
  if (jwk.kty === "OKP") return { type: "ed25519", point: bytes(jwk.x) };
  const point = Uint8Array.of(4, ...bytes(jwk.x), ...bytes(jwk.y));
  return { type: "ec", curve: curves[jwk.crv ?? ""]!, point };
}

type Pair = { publicKey: KeyObject; privateKey: KeyObject };

/** A key pair of each kind that signs in TLS 1.2. */
export const pairs: Readonly<Record<string, Pair>> = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": generateKeyPairSync("ec", { namedCurve: "P-521" }),
  Ed25519: generateKeyPairSync("ed25519"),
  "RSA-2048": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  // The length in bits is 1 modulo 8, so the encoded message of PSS is a byte shorter than the modulus.
  "RSA-2049": generateKeyPairSync("rsa", { modulusLength: 2049 }),
  "RSA-PSS-2048": generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
};

export const signers: readonly ContractSigner[] = Object.entries(pairs).map(([name, { publicKey, privateKey }]) => ({
  name,
  credential: nodeCredential({ cert: certificateFor(publicKey), key: privateKey }),
  publicKey: publicKeyOf(publicKey),
}));
