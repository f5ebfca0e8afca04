/**
 * Records under CBC, RFC 5246 §6.2.3.2 and RFC 7366: for suites that name it, and loaded with them alone.
 * @module
 */
import { concat, equal } from "../bytes/bytes.ts";
import { type BlockChain, type Hash, type Hmac, type Random, requireEntry } from "../crypto/provider.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxReceived } from "../limits.ts";
import type { ContentType } from "../wire/record.ts";
import {
  additionalDataLength,
  badRecord,
  type CipherSpec,
  type CipherSpecRow,
  Counter,
  type Keyed,
  type Protection,
  sendLimit,
  setAdditionalData,
} from "./protection.ts";

/** The `protect` of a CBC row. */
export const cbc = (
  cipher: "AES_128_CBC" | "AES_256_CBC",
  mac: NonNullable<CipherSpec["mac"]>,
): CipherSpecRow["protect"] =>
  function* ({ provider, keys, random, encryptThenMac }: Keyed): Flow<Protection> {
    const chain = yield* waitFor(requireEntry(provider.ciphers[cipher])(keys.key));
    // A page's provider has no SHA-1: it comes with noble's ciphers, which this suite needs there anyway.
    const hash = provider.hashes[mac] ?? (yield* waitFor(import("../crypto/noble.ts"))).noble.hashes[mac];
    const Cbc = encryptThenMac ? EncryptThenMac : MacThenEncrypt;
    return new Cbc(chain, hash, keys.macKey, random);
  };

const blockLength = 16;

/** What both ways of CBC share: numbers, MACs, whole blocks behind an IV that nobody can predict. */
abstract class CbcProtection implements Protection {
  readonly #chain: BlockChain;
  readonly #hmac: Hmac;
  readonly #random: Random;
  readonly #counter = new Counter();
  protected readonly hash: Hash;

  constructor(chain: BlockChain, hash: Hash, macKey: Uint8Array, random: Random) {
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

  /** seq_num, of which each record has its own; the rest is `mac`'s to write. */
  protected number(limit: number): Uint8Array {
    const data = new Uint8Array(additionalDataLength);
    this.#counter.take(data, limit);
    return data;
  }

  protected mac(number: Uint8Array, type: ContentType, content: Uint8Array): Uint8Array {
    return this.#hmac.mac(setAdditionalData(number, type, content.length), content);
  }

  /** Writes the IV, and the padded content behind it. */
  protected encrypt(content: Uint8Array, out: Uint8Array): void {
    const paddingLength = blockLength - 1 - (content.length % blockLength);
    const iv = this.#random(blockLength);
    out.set(iv);
    const padded = concat(content, new Uint8Array(paddingLength + 1).fill(paddingLength));
    out.set(this.#chain.encrypt(iv, padded), blockLength);
  }

  /** With its padding. */
  protected decrypt(ciphertext: Uint8Array): Uint8Array {
    return this.#chain.decrypt(ciphertext.subarray(0, blockLength), ciphertext.subarray(blockLength));
  }
}

/** Bytes of an IV and of so much content, padded: there is always a byte of padding at least. */
const encryptedLength = (length: number): number => 2 * blockLength + length - (length % blockLength);

/**
 * All ones if the padding is right and leaves room for so many bytes before it, else zero. Nothing branches on the
 * padding or its length.
 */
function goodPadding(plain: Uint8Array, before: number): number {
  const { length } = plain;
  const claimed = plain[length - 1] as number;
  let fault = (length - 1 - before - claimed) >> 31; // all ones where the padding cannot fit
  for (let i = 0; i < Math.min(256, length); i++) {
    const inPadding = ~((claimed - i) >> 31);
    fault |= inPadding & ((plain[length - 1 - i] as number) ^ claimed);
  }
  return ~((fault | -fault) >> 31);
}

/** Encrypt, then MAC (RFC 7366 §3): what was altered is never decrypted, so there is nothing for an oracle to tell. */
class EncryptThenMac extends CbcProtection {
  sealedLength(length: number): number {
    return encryptedLength(length) + this.hash.outputLength;
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    const number = this.number(sendLimit(type));
    const encrypted = out.subarray(0, encryptedLength(fragment.length));
    this.encrypt(fragment, encrypted);
    out.set(this.mac(number, type, encrypted), encrypted.length);
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const number = this.number(maxReceived);
    const length = ciphertext.length - this.hash.outputLength;
    if (length < 2 * blockLength || length % blockLength) throw badRecord();
    const encrypted = ciphertext.subarray(0, length);
    if (!equal(this.mac(number, type, encrypted), ciphertext.subarray(length))) throw badRecord();
    const plain = this.decrypt(encrypted);
    if (!goodPadding(plain, 0)) throw badRecord();
    return plain.subarray(0, plain.length - 1 - (plain.at(-1) as number));
  }
}

/**
 * MAC, then pad, then encrypt (RFC 5246 §6.2.3.2), opened without an oracle: one error, and as many compressions
 * whatever the padding (Lucky 13).
 */
class MacThenEncrypt extends CbcProtection {
  readonly #zeros: Uint8Array = new Uint8Array(1024);

  sealedLength(length: number): number {
    return encryptedLength(length + this.hash.outputLength);
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    this.encrypt(concat(fragment, this.mac(this.number(sendLimit(type)), type, fragment)), out);
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const number = this.number(maxReceived);
    const macLength = this.hash.outputLength;
    const length = ciphertext.length - blockLength;
    if (length % blockLength || length < macLength + 1) throw badRecord();
    const plain = this.decrypt(ciphertext);

    // From here to the comparison, nothing branches on the padding or its length.
    const longest = length - macLength - 1;
    const good = goodPadding(plain, macLength);
    const contentLength = longest - ((plain[length - 1] as number) & good);

    const expected = this.mac(number, type, plain.subarray(0, contentLength));
    this.#compress(1 + this.#compressions(13 + longest) - this.#compressions(13 + contentLength));
    const authenticated = equal(expected, macAt(plain, contentLength, macLength));
    if (!(authenticated && good)) throw badRecord();
    return plain.subarray(0, contentLength);
  }

  /** Compressions of a message of `length` bytes, the padding of the hash included. */
  #compressions(length: number): number {
    return Math.ceil((length + 1 + this.#lengthField) / this.hash.blockLength);
  }

  /**
   * Spends as many compressions as the longest content takes more, and one. It is always exactly one
   * call, since the cost of a call would tell too.
   */
  #compress(count: number): void {
    this.hash.digest(this.#zeros.subarray(0, count * this.hash.blockLength - 1 - this.#lengthField));
  }

  get #lengthField(): number {
    return this.hash.blockLength / 8;
  }
}

/** The MAC at a secret place: every byte that could belong to it is read. */
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
