/**
 * Verifies signatures with node:crypto. All providers return the same results: a test gives each of them the same
 * inputs.
 * @module
 */

import { constants, createHash, type KeyObject, publicDecrypt, verify } from "node:crypto";
import type { PublicKey, SignatureAlgorithm } from "@handclasp/core";
import { rsaKeyFault } from "@handclasp/core/unstable";

import { importKey } from "./publicKeys.ts";

/** True if the signature is valid. Throws if the key is invalid. */
export function isSignature(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm.type) {
    case "ed25519":
      return key.type === "ed25519" && !isLowOrderKey(key.point) && verify(null, message, importKey(key), signature);
    case "ecdsa":
      return (
        key.type === "ec" && verify(algorithm.hash, message, { key: importKey(key), dsaEncoding: "der" }, signature)
      );
    case "rsa_pkcs1":
    case "rsa_pss": {
      const isPss = algorithm.type === "rsa_pss";
      if (key.type !== "rsa" || (key.pssOnly && !isPss) || rsaKeyFault(key)) return false;
      // OpenSSL pads a short signature with leading zeros. RFC 8017 §8.1.2 step 1 refuses it.
      if (signature.length !== modulusLength(key.modulus)) return false;
      const padding = isPss
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : { padding: constants.RSA_PKCS1_PADDING };
      return (
        verify(algorithm.hash, message, { key: importKey(key), ...padding }, signature) ||
        (!isPss && isWithoutNull(algorithm.hash, message, importKey(key), signature))
      );
    }
  }
}

/**
 * The DER of DigestInfo without NULL parameters up to the digest, in hex. OpenSSL refuses this form, but RFC 5246 §4.7
 * requires a verifier to accept it.
 */
const withoutNull = {
  sha256: "302f300b06096086480165030402010420",
  sha384: "303f300b06096086480165030402020430",
  sha512: "304f300b06096086480165030402030440",
} as const;

/** True if the signature contains a DigestInfo without NULL. OpenSSL checks and removes the padding. */
function isWithoutNull(
  hash: keyof typeof withoutNull,
  message: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  const digest = createHash(hash).update(message).digest();
  const expected = Buffer.concat([Buffer.from(withoutNull[hash], "hex"), digest]);
  return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(expected);
}

/**
 * True for Ed25519 keys of order 1, 2, 4 and 8, for which anyone can make valid signatures. OpenSSL accepts them. Their
 * y is 0, 1, −1 or a root of dy⁴ + 2y² − 1 (the doubled point has y = 0), with d = −121665/121666. The function
 * computes modulo p, because OpenSSL accepts a y that is not reduced.
 */
function isLowOrderKey(point: Uint8Array): boolean {
  const bytes = Uint8Array.from(point).reverse();
  bytes[0] = (bytes[0] as number) & 0x7f; // the sign of x
  const y = BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
  const y2 = y * y;
  return (y * (y2 - 1n) * (121665n * y2 * y2 - 243332n * y2 + 121666n)) % (2n ** 255n - 19n) === 0n;
}

function modulusLength(modulus: Uint8Array): number {
  const zeros = modulus.findIndex((byte) => byte !== 0);
  return zeros < 0 ? 0 : modulus.length - zeros;
}
