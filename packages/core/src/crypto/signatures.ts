/**
 * The signature schemes that Handclasp supports, with their numbers from RFC 8446 §4.2.3. In TLS 1.2, the two bytes of
 * a number are the SignatureAndHashAlgorithm of RFC 5246, so 0x0403, 0x0503 and 0x0603 mean ECDSA with SHA-256, SHA-384
 * and SHA-512 on *any* offered curve.
 * @module
 */
import type { PublicKey, SignatureAlgorithm } from "./provider.ts";

export interface SignatureScheme {
  readonly id: number;
  readonly name: string;
  readonly algorithm: SignatureAlgorithm;
  /** The kind of key that signs with this scheme. `"rsa_pss"` is an RSA key whose OID is id-RSASSA-PSS. */
  readonly key: "rsa" | "rsa_pss" | "ec" | "ed25519";
}

const scheme = (
  id: number,
  name: string,
  key: SignatureScheme["key"],
  algorithm: SignatureAlgorithm,
): SignatureScheme => ({ id, name, key, algorithm });

export const ed25519: SignatureScheme = scheme(0x0807, "ed25519", "ed25519", { type: "ed25519" });
export const ecdsa_secp256r1_sha256: SignatureScheme = scheme(0x0403, "ecdsa_secp256r1_sha256", "ec", {
  type: "ecdsa",
  hash: "sha256",
});
export const ecdsa_secp384r1_sha384: SignatureScheme = scheme(0x0503, "ecdsa_secp384r1_sha384", "ec", {
  type: "ecdsa",
  hash: "sha384",
});
export const ecdsa_secp521r1_sha512: SignatureScheme = scheme(0x0603, "ecdsa_secp521r1_sha512", "ec", {
  type: "ecdsa",
  hash: "sha512",
});
export const rsa_pss_rsae_sha256: SignatureScheme = scheme(0x0804, "rsa_pss_rsae_sha256", "rsa", {
  type: "rsa_pss",
  hash: "sha256",
});
export const rsa_pss_rsae_sha384: SignatureScheme = scheme(0x0805, "rsa_pss_rsae_sha384", "rsa", {
  type: "rsa_pss",
  hash: "sha384",
});
export const rsa_pss_rsae_sha512: SignatureScheme = scheme(0x0806, "rsa_pss_rsae_sha512", "rsa", {
  type: "rsa_pss",
  hash: "sha512",
});
export const rsa_pss_pss_sha256: SignatureScheme = scheme(0x0809, "rsa_pss_pss_sha256", "rsa_pss", {
  type: "rsa_pss",
  hash: "sha256",
});
export const rsa_pss_pss_sha384: SignatureScheme = scheme(0x080a, "rsa_pss_pss_sha384", "rsa_pss", {
  type: "rsa_pss",
  hash: "sha384",
});
export const rsa_pss_pss_sha512: SignatureScheme = scheme(0x080b, "rsa_pss_pss_sha512", "rsa_pss", {
  type: "rsa_pss",
  hash: "sha512",
});
export const rsa_pkcs1_sha256: SignatureScheme = scheme(0x0401, "rsa_pkcs1_sha256", "rsa", {
  type: "rsa_pkcs1",
  hash: "sha256",
});
export const rsa_pkcs1_sha384: SignatureScheme = scheme(0x0501, "rsa_pkcs1_sha384", "rsa", {
  type: "rsa_pkcs1",
  hash: "sha384",
});
export const rsa_pkcs1_sha512: SignatureScheme = scheme(0x0601, "rsa_pkcs1_sha512", "rsa", {
  type: "rsa_pkcs1",
  hash: "sha512",
});

/**
 * The schemes that are offered by default, in order of preference: ECDSA and Ed25519 before RSA, and PSS before PKCS#1.
 */
export const defaultSchemes: readonly SignatureScheme[] = [
  ecdsa_secp256r1_sha256,
  ed25519,
  ecdsa_secp384r1_sha384,
  ecdsa_secp521r1_sha512,
  rsa_pss_rsae_sha256,
  rsa_pss_rsae_sha384,
  rsa_pss_rsae_sha512,
  rsa_pss_pss_sha256,
  rsa_pss_pss_sha384,
  rsa_pss_pss_sha512,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
];

/**
 * Those of `schemes` that fit a public key. `hash` is the one hash that an id-RSASSA-PSS key allows, or `undefined` if
 * the key does not restrict the hash.
 */
export function schemesForKey(
  key: PublicKey,
  schemes: readonly SignatureScheme[] = defaultSchemes,
  hash?: string,
): readonly SignatureScheme[] {
  const kind = key.type === "rsa" && key.pssOnly ? "rsa_pss" : key.type;
  return schemes.filter(
    (row) => row.key === kind && (!hash || ("hash" in row.algorithm && row.algorithm.hash === hash)),
  );
}

const schemeOfCurve = {
  secp256r1: ecdsa_secp256r1_sha256,
  secp384r1: ecdsa_secp384r1_sha384,
  secp521r1: ecdsa_secp521r1_sha512,
} as const;

/**
 * The schemes with which the holder of a key signs, in order of preference. For an EC key, the scheme whose hash
 * matches the curve comes first. `hash` is as in `schemesForKey`.
 */
export function signingSchemes(key: PublicKey, hash?: string): readonly SignatureScheme[] {
  const schemes = schemesForKey(key, defaultSchemes, hash);
  if (key.type !== "ec") return schemes;
  const preferred = schemeOfCurve[key.curve];
  return [preferred, ...schemes.filter((row) => row !== preferred)];
}
