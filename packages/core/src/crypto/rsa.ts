/**
 * RSA's public operations with BigInt, RFC 8017. This module has no private keys; the host does the private-key
 * operation. RSAVP1 computes with public numbers only. RSAEP computes with a premaster secret, and the timing of BigInt
 * may reveal bits of that secret to an attacker on the same machine (`SECURITY.md`).
 * @module
 */
import { hexToBytes } from "@noble/hashes/utils.js";
import { concat, equal } from "../bytes/bytes.ts";
import { TlsError } from "../errors.ts";
import { powerModulo, toBytes, toNumber } from "./bigEndian.ts";
import type { Hash, Random } from "./provider.ts";
import { type RsaPublicKey, rsaBits, rsaKeyFault } from "./rsaKey.ts";

interface KeyNumbers {
  readonly n: bigint;
  readonly e: bigint;
  /** The length of the modulus in bytes: k in RFC 8017. */
  readonly length: number;
  readonly bits: number;
}

/** The key's numbers, or the reason why the key is refused. */
function keyNumbers(key: RsaPublicKey): KeyNumbers | string {
  const fault = rsaKeyFault(key);
  if (fault !== undefined) return fault;
  const bits = rsaBits(key);
  return { n: toNumber(key.modulus), e: toNumber(key.exponent), length: Math.ceil(bits / 8), bits };
}

/** RSAVP1 with its checks, RFC 8017 §5.2.2: the padded block, or `undefined` if the key or the signature is invalid. */
function openSignature(key: RsaPublicKey, signature: Uint8Array): { block: Uint8Array; bits: number } | undefined {
  const numbers = keyNumbers(key);
  if (typeof numbers === "string" || signature.length !== numbers.length) return undefined;
  const s = toNumber(signature);
  if (s >= numbers.n) return undefined;
  return { block: toBytes(powerModulo(s, numbers.e, numbers.n), numbers.length), bits: numbers.bits };
}

export type RsaHashName = "sha256" | "sha384" | "sha512";

/**
 * The DER of DigestInfo before the digest, in hex (RFC 8017 §9.2 note 1). The first text has NULL as the hash's
 * parameters, as RFC 5246 §4.7 requires. The second text omits them, and the same section requires that we accept it
 * too.
 */
const digestInfos: Readonly<Record<RsaHashName, readonly [string, string]>> = {
  sha256: ["3031300d060960864801650304020105000420", "302f300b06096086480165030402010420"],
  sha384: ["3041300d060960864801650304020205000430", "303f300b06096086480165030402020430"],
  sha512: ["3051300d060960864801650304020305000440", "304f300b06096086480165030402030440"],
};

/**
 * Verifies RSASSA-PKCS1-v1_5, RFC 8017 §8.2.2. It builds both valid padded blocks and compares them as a whole.
 * Implementations that parse the block instead have accepted forged signatures for keys with small exponents.
 */
export function verifyPkcs1(
  hash: Hash,
  hashName: RsaHashName,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.pssOnly) return false;
  const opened = openSignature(key, signature);
  if (!opened) return false;
  const digest = hash.digest(message);
  return digestInfos[hashName].some((prefix) => {
    const info = concat(hexToBytes(prefix), digest);
    const expected = new Uint8Array(opened.block.length).fill(0xff);
    expected.set([0, 1]);
    expected[expected.length - info.length - 1] = 0;
    expected.set(info, expected.length - info.length);
    return equal(expected, opened.block);
  });
}

/** XORs MGF1 of the seed (RFC 8017 §B.2.1) into `target`. */
function applyMask(hash: Hash, seed: Uint8Array, target: Uint8Array): void {
  const input = concat(seed, new Uint8Array(4));
  const view = new DataView(input.buffer);
  for (let at = 0, counter = 0; at < target.length; counter++) {
    view.setUint32(seed.length, counter);
    for (const byte of hash.digest(input).subarray(0, target.length - at)) {
      target[at] = (target[at] as number) ^ byte;
      at++;
    }
  }
}

/**
 * Verifies RSASSA-PSS, RFC 8017 §8.1.2 and §9.1.2, with MGF1 of the same hash and a salt as long as the digest (RFC
 * 8446 §4.2.3).
 */
export function verifyPss(hash: Hash, key: RsaPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const opened = openSignature(key, signature);
  if (!opened) return false;
  // The encoded message has one bit less than the modulus. With a modulus of 8m + 1 bits, the block has one more byte
  // at the start, which must be zero.
  const bits = opened.bits - 1;
  const length = Math.ceil(bits / 8);
  if (length < opened.block.length && opened.block[0] !== 0) return false;
  const block = opened.block.subarray(opened.block.length - length);
  const digestLength = hash.outputLength;
  const h = block.subarray(length - digestLength - 1, length - 1);
  const db = block.subarray(0, length - digestLength - 1);
  const topMask = 0xff >> (8 * length - bits);
  if (((db[0] as number) & ~topMask & 0xff) !== 0) return false;
  applyMask(hash, h, db);
  db[0] = (db[0] as number) & topMask;
  const salt = db.subarray(db.length - digestLength);
  // The code compares PS || 01 || salt || H' || bc as a whole. These parts fit into the block with every hash, because
  // of the minimum size of the modulus.
  const expected = new Uint8Array(length);
  expected[db.length - digestLength - 1] = 1;
  expected.set(salt, db.length - digestLength);
  expected.set(hash.digest(concat(new Uint8Array(8), hash.digest(message), salt)), db.length);
  expected[length - 1] = 0xbc;
  return equal(expected, block);
}

/**
 * RSAES-PKCS1-v1_5 encryption, RFC 8017 §7.2.1. Throws a TlsError if the key is outside the limits, and a RangeError if
 * the message is too long.
 */
export function encryptPkcs1(key: RsaPublicKey, message: Uint8Array, random: Random): Uint8Array {
  const numbers = keyNumbers(key);
  if (typeof numbers === "string")
    throw new TlsError("unsupported_certificate", `the peer's RSA key is refused: ${numbers}`, { code: "weak_key" });
  const { n, e, length } = numbers;
  if (message.length > length - 11) throw new RangeError(`${message.length} bytes do not fit an RSA key of ${length}`);
  const block = new Uint8Array(length);
  block[1] = 2;
  const end = length - message.length - 1;
  for (let at = 2, tries = 0; at < end; tries++) {
    if (tries === 128) throw new Error("the source of random bytes is broken");
    // A zero byte would end the padding, so the code replaces it with another random byte.
    for (const byte of random(end - at)) if (byte !== 0) block[at++] = byte;
  }
  block.set(message, end + 1);
  const out = toBytes(powerModulo(toNumber(block), e, n), length);
  block.fill(0);
  return out;
}
