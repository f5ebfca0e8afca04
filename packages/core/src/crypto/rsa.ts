/**
 * RSA's public operations in BigInt, RFC 8017.
 * Nothing here holds a private key: that operation is the host's. RSAVP1 works on public numbers; RSAEP takes a premaster secret through BigInt, whose time
 * may tell bits of it to somebody on the same machine (SECURITY.md).
 * @module
 */
import { hexToBytes } from "@noble/hashes/utils.js";
import { concat, equal } from "../bytes/bytes.ts";
import { TlsError } from "../errors.ts";
import { powerModulo, toBytes, toNumber } from "./bigEndian.ts";
import type { Hash, Random } from "./provider.ts";
import { type RsaPublicKey, rsaBits, rsaKeyFault } from "./rsaKey.ts";

interface Numbers {
  readonly n: bigint;
  readonly e: bigint;
  /** Bytes of the modulus: k of RFC 8017. */
  readonly length: number;
  readonly bits: number;
}

/** The key's numbers, or why it is refused. */
function numbers(key: RsaPublicKey): Numbers | string {
  const fault = rsaKeyFault(key);
  if (fault !== undefined) return fault;
  const bits = rsaBits(key);
  return { n: toNumber(key.modulus), e: toNumber(key.exponent), length: Math.ceil(bits / 8), bits };
}

/** RSAVP1 with the checks around it, RFC 8017 §5.2.2: the padded block, `undefined` where the key or the signature cannot be. */
function open(key: RsaPublicKey, signature: Uint8Array): { block: Uint8Array; bits: number } | undefined {
  const checked = numbers(key);
  if (typeof checked === "string" || signature.length !== checked.length) return undefined;
  const s = toNumber(signature);
  if (s >= checked.n) return undefined;
  return { block: toBytes(powerModulo(s, checked.e, checked.n), checked.length), bits: checked.bits };
}

export type RsaHashName = "sha256" | "sha384" | "sha512";

/**
 * DER of DigestInfo up to the digest, RFC 8017 §9.2 note 1. The first has NULL for the hash's parameters, as everybody writes it; the second leaves
 * them out, which RFC 5246 §4.7 tells us to take as well.
 */
const digestInfos: Readonly<Record<RsaHashName, readonly [string, string]>> = {
  sha256: ["3031300d060960864801650304020105000420", "302f300b06096086480165030402010420"],
  sha384: ["3041300d060960864801650304020205000430", "303f300b06096086480165030402020430"],
  sha512: ["3051300d060960864801650304020305000440", "304f300b06096086480165030402030440"],
};

/**
 * RSASSA-PKCS1-v1_5, RFC 8017 §8.2.2: builds the padded blocks that there are and compares all of each.
 * Parsing the block instead is how forgeries with small exponents came about.
 */
export function verifyPkcs1(
  hash: Hash,
  hashName: RsaHashName,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.pssOnly) return false;
  const opened = open(key, signature);
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

/** MGF1, RFC 8017 §B.2.1, xored onto `target`. */
function maskWith(hash: Hash, seed: Uint8Array, target: Uint8Array): void {
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

/** RSASSA-PSS with MGF1 of the same hash and a salt as long as the hash, RFC 8017 §8.1.2 and §9.1.2, as RFC 8446 §4.2.3 has it. */
export function verifyPss(hash: Hash, key: RsaPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const opened = open(key, signature);
  if (!opened) return false;
  // The encoded message has one bit less than the modulus: a modulus of 8m + 1 bits leaves a byte in front, which must be zero.
  const bits = opened.bits - 1;
  const length = Math.ceil(bits / 8);
  if (length < opened.block.length && opened.block[0] !== 0) return false;
  const block = opened.block.subarray(opened.block.length - length);
  const digestLength = hash.outputLength;
  const h = block.subarray(length - digestLength - 1, length - 1);
  const db = block.subarray(0, length - digestLength - 1);
  const topMask = 0xff >> (8 * length - bits);
  if (((db[0] as number) & ~topMask & 0xff) !== 0) return false;
  maskWith(hash, h, db);
  db[0] = (db[0] as number) & topMask;
  const salt = db.subarray(db.length - digestLength);
  // PS || 01 || salt || H' || bc, compared as a whole: the limits on the modulus leave room for all of it with every hash.
  const expected = new Uint8Array(length);
  expected[db.length - digestLength - 1] = 1;
  expected.set(salt, db.length - digestLength);
  expected.set(hash.digest(concat(new Uint8Array(8), hash.digest(message), salt)), db.length);
  expected[length - 1] = 0xbc;
  return equal(expected, block);
}

/** RSAES-PKCS1-v1_5 encryption, RFC 8017 §7.2.1. Throws a TlsError where the key is refused. */
export function encryptPkcs1(key: RsaPublicKey, message: Uint8Array, random: Random): Uint8Array {
  const checked = numbers(key);
  if (typeof checked === "string")
    throw new TlsError("unsupported_certificate", `the peer's RSA key is refused: ${checked}`, { code: "weak_key" });
  const { n, e, length } = checked;
  if (message.length > length - 11) throw new RangeError(`${message.length} bytes do not fit an RSA key of ${length}`);
  const block = new Uint8Array(length);
  block[1] = 2;
  const end = length - message.length - 1;
  for (let at = 2, tries = 0; at < end; tries++) {
    if (tries === 128) throw new Error("the source of random bytes is broken");
    // Zeros end the padding, so they are drawn again.
    for (const byte of random(end - at)) if (byte !== 0) block[at++] = byte;
  }
  block.set(message, end + 1);
  const out = toBytes(powerModulo(toNumber(block), e, n), length);
  block.fill(0);
  return out;
}
