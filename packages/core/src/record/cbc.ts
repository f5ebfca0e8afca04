/**
 * Record protection with CBC, RFC 5246 §6.2.3.2 and RFC 7366. A bundle without a CBC suite does not include this code.
 * @module
 */
import { concat, equal } from "../bytes/bytes.ts";
import { type CbcCipher, type Hash, type Hmac, type Random, requireEntry } from "../crypto/provider.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxRecordsReceived } from "../limits.ts";
import type { ContentType } from "../wire/record.ts";
import {
  additionalDataLength,
  badRecordError,
  type CipherSpec,
  type CipherSpecRow,
  Counter,
  type Protection,
  type ProtectionParameters,
  sendLimit,
  setAdditionalData,
} from "./protection.ts";

/** Returns the `protect` function for the cipher spec row of a CBC cipher. */
export const cbc = (
  cipher: "AES_128_CBC" | "AES_256_CBC",
  mac: NonNullable<CipherSpec["mac"]>,
): CipherSpecRow["protect"] =>
  function* ({ provider, keys, random, encryptThenMac }: ProtectionParameters): Flow<Protection> {
    const chain = yield* waitFor(requireEntry(provider.ciphers[cipher])(keys.key));
    // The provider for pages has no SHA-1, but `noble` has. A page with a CBC suite loads `noble` in any case, because
    // its AES-CBC comes from there.
    const hash = provider.hashes[mac] ?? (yield* waitFor(import("../crypto/noble.ts"))).noble.hashes[mac];
    const Cbc = encryptThenMac ? EncryptThenMac : MacThenEncrypt;
    return new Cbc(chain, hash, keys.macKey, random);
  };

const blockLength = 16;

/** The base of both constructions: counts records, computes MACs, and encrypts blocks with an unpredictable IV. */
abstract class CbcProtection implements Protection {
  readonly #chain: CbcCipher;
  readonly #hmac: Hmac;
  readonly #random: Random;
  readonly #counter = new Counter();
  protected readonly hash: Hash;

  constructor(chain: CbcCipher, hash: Hash, macKey: Uint8Array, random: Random) {
    this.#chain = chain;
    this.hash = hash;
    this.#hmac = hash.hmac(macKey.slice());
    this.#random = random;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  abstract sealedLength(length: number): number;
  abstract seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void;
  abstract open(type: ContentType, ciphertext: Uint8Array): Uint8Array;

  /** Returns the additional data of the next record with only seq_num set. `mac` sets the other fields. */
  protected nextAdditionalData(limit: number): Uint8Array {
    const data = new Uint8Array(additionalDataLength);
    this.#counter.take(data, limit);
    return data;
  }

  protected mac(additionalData: Uint8Array, type: ContentType, content: Uint8Array): Uint8Array {
    return this.#hmac.mac(setAdditionalData(additionalData, type, content.length), content);
  }

  /** Writes a random IV, and then the content, padded and encrypted. */
  protected encrypt(content: Uint8Array, out: Uint8Array): void {
    const paddingLength = blockLength - 1 - (content.length % blockLength);
    const iv = this.#random(blockLength);
    out.set(iv);
    const padded = concat(content, new Uint8Array(paddingLength + 1).fill(paddingLength));
    out.set(this.#chain.encrypt(iv, padded), blockLength);
  }

  /** Decrypts the blocks after the IV. Returns the content with its padding. */
  protected decrypt(ciphertext: Uint8Array): Uint8Array {
    return this.#chain.decrypt(ciphertext.subarray(0, blockLength), ciphertext.subarray(blockLength));
  }
}

/** The number of bytes of an IV and of `length` bytes of content with padding. The padding has at least one byte. */
const encryptedLength = (length: number): number => 2 * blockLength + length - (length % blockLength);

/**
 * Returns -1, all bits set, if the padding is correct and at least `minContent` bytes precede it, otherwise 0. No
 * branch depends on the padding or its length.
 */
function paddingMask(plain: Uint8Array, minContent: number): number {
  const { length } = plain;
  const claimed = plain[length - 1] as number;
  let fault = (length - 1 - minContent - claimed) >> 31; // all bits set if the padding is too long
  for (let i = 0; i < Math.min(256, length); i++) {
    const inPadding = ~((claimed - i) >> 31);
    fault |= inPadding & ((plain[length - 1 - i] as number) ^ claimed);
  }
  return ~((fault | -fault) >> 31);
}

/** Encrypt-then-MAC (RFC 7366 §3): an altered record is never decrypted, so there is no padding oracle. */
class EncryptThenMac extends CbcProtection {
  sealedLength(length: number): number {
    return encryptedLength(length) + this.hash.outputLength;
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    const additionalData = this.nextAdditionalData(sendLimit(type));
    const encrypted = out.subarray(0, encryptedLength(fragment.length));
    this.encrypt(fragment, encrypted);
    out.set(this.mac(additionalData, type, encrypted), encrypted.length);
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const additionalData = this.nextAdditionalData(maxRecordsReceived);
    const length = ciphertext.length - this.hash.outputLength;
    if (length < 2 * blockLength || length % blockLength) throw badRecordError();
    const encrypted = ciphertext.subarray(0, length);
    if (!equal(this.mac(additionalData, type, encrypted), ciphertext.subarray(length))) throw badRecordError();
    const plain = this.decrypt(encrypted);
    if (!paddingMask(plain, 0)) throw badRecordError();
    return plain.subarray(0, plain.length - 1 - (plain.at(-1) as number));
  }
}

/**
 * MAC-then-encrypt (RFC 5246 §6.2.3.2). `open` is no padding oracle: it throws the same error for every bad record, and
 * the number of hash compressions does not depend on the padding (Lucky 13).
 */
class MacThenEncrypt extends CbcProtection {
  readonly #zeros: Uint8Array = new Uint8Array(1024);

  sealedLength(length: number): number {
    return encryptedLength(length + this.hash.outputLength);
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    this.encrypt(concat(fragment, this.mac(this.nextAdditionalData(sendLimit(type)), type, fragment)), out);
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const additionalData = this.nextAdditionalData(maxRecordsReceived);
    const macLength = this.hash.outputLength;
    const length = ciphertext.length - blockLength;
    if (length % blockLength || length < macLength + 1) throw badRecordError();
    const plain = this.decrypt(ciphertext);

    // From here to the comparison, neither a branch nor the number of hash compressions depends on the padding.
    const maxContentLength = length - macLength - 1;
    const mask = paddingMask(plain, macLength);
    const contentLength = maxContentLength - ((plain[length - 1] as number) & mask);

    const expected = this.mac(additionalData, type, plain.subarray(0, contentLength));
    this.#compress(1 + this.#compressions(13 + maxContentLength) - this.#compressions(13 + contentLength));
    const isAuthentic = equal(expected, macAt(plain, contentLength, macLength));
    if (!(isAuthentic && mask)) throw badRecordError();
    return plain.subarray(0, contentLength);
  }

  /** The number of hash compressions for a message of `length` bytes and the padding that the hash adds. */
  #compressions(length: number): number {
    return Math.ceil((length + 1 + this.#lengthField) / this.hash.blockLength);
  }

  /**
   * Runs `count` hash compressions: as many as the MAC of the longest possible content needs in addition, and one more.
   * With the additional one, every record costs exactly one call of `digest`. Otherwise an attacker could measure
   * whether there was a call.
   */
  #compress(count: number): void {
    this.hash.digest(this.#zeros.subarray(0, count * this.hash.blockLength - 1 - this.#lengthField));
  }

  /** The size of the length field in the padding that the hash adds, in bytes. */
  get #lengthField(): number {
    return this.hash.blockLength / 8;
  }
}

/** Copies the MAC from a secret position. It reads every byte that could be part of the MAC, in a fixed order. */
function macAt(plain: Uint8Array, start: number, length: number): Uint8Array {
  const mac = new Uint8Array(length);
  const first = Math.max(0, plain.length - length - 256);
  for (let i = first; i < plain.length; i++) {
    for (let j = 0; j < length; j++) {
      const different = i ^ (start + j);
      const same = ~((different | -different) >> 31);
      mac[j] = (mac[j] as number) | ((plain[i] as number) & same);
    }
  }
  return mac;
}
