import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { EcCurveName, PublicKey } from "@handclasp/core";
import type { ContractSigner } from "@handclasp/testing";
import { nodeCredential } from "../../src/crypto/credential.ts";

const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...length), body]);
};
const hex = (text: string): Buffer => Buffer.from(text, "hex");

/** A certificate around any key, its signature nonsense: a credential does not look at that. */
export function certificateAround(key: KeyObject): Uint8Array {
  const algorithm = tlv(0x30, hex("06082a8648ce3d040302"));
  const name = tlv(0x30, tlv(0x31, tlv(0x30, hex("0603550403"), tlv(0x0c, Buffer.from("test")))));
  const time = (text: string) => tlv(0x17, Buffer.from(text));
  const version = hex("a003020102");
  const validity = tlv(0x30, time("200101000000Z"), time("490101000000Z"));
  const info = key.export({ type: "spki", format: "der" });
  const tbs = tlv(0x30, version, hex("020101"), algorithm, name, validity, name, info);
  return tlv(0x30, tbs, algorithm, tlv(0x03, hex("00"), tlv(0x30, hex("020101020101"))));
}

const curves: Record<string, EcCurveName> = { "P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1" };

export function publicKeyOf(key: KeyObject): PublicKey {
  if (key.asymmetricKeyType === "rsa-pss") {
    // JWK knows no such key: the PKCS#1 one inside ends its SubjectPublicKeyInfo.
    const inner = key.export({ type: "spki", format: "der" }).subarray(-270);
    const plain = publicKeyOf(createPublicKey({ key: inner, type: "pkcs1", format: "der" }));
    return { ...(plain as PublicKey & { type: "rsa" }), pssOnly: true };
  }
  const jwk = key.export({ format: "jwk" });
  const bytes = (text: string | undefined) => Uint8Array.from(Buffer.from(text ?? "", "base64url"));
  if (jwk.kty === "RSA") return { type: "rsa", modulus: bytes(jwk.n), exponent: bytes(jwk.e), pssOnly: false };
  if (jwk.kty === "OKP") return { type: "ed25519", point: bytes(jwk.x) };
  const point = Uint8Array.of(4, ...bytes(jwk.x), ...bytes(jwk.y));
  return { type: "ec", curve: curves[jwk.crv ?? ""]!, point };
}

type Pair = { publicKey: KeyObject; privateKey: KeyObject };

/** One pair of each kind that TLS 1.2 signs with. */
export const pairs: Readonly<Record<string, Pair>> = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": generateKeyPairSync("ec", { namedCurve: "P-521" }),
  Ed25519: generateKeyPairSync("ed25519"),
  "RSA-2048": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  // One bit more than whole bytes: PSS's encoded message is a byte shorter than the modulus.
  "RSA-2049": generateKeyPairSync("rsa", { modulusLength: 2049 }),
  "RSA-PSS-2048": generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
};

export const signers: readonly ContractSigner[] = Object.entries(pairs).map(([name, { publicKey, privateKey }]) => ({
  name,
  credential: nodeCredential({ cert: certificateAround(publicKey), key: privateKey }),
  publicKey: publicKeyOf(publicKey),
}));
