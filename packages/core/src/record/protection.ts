/**
 * One direction of a protected connection: keys, nonce, additional data, sequence number (RFC 5246 §6.2.3, 5288, 7905).
 * The sequence number is taken when a record is submitted, so order stays right however long a promise takes.
 * @module
 */
import { concat, equal } from "../bytes/bytes.ts";
import type { CipherSpec } from "../crypto/cipherSpec.ts";
import type { DirectionKeys } from "../crypto/keySchedule.ts";
import type { Aead, BlockChain, CryptoProvider, Hash, Hmac, Random } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, type Flow, isPromise, settle } from "../flow.ts";
import { maxRecords } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes } from "../wire/record.ts";

/** A direction under keys. */
export interface Protection {
  /** Bytes on the wire after the header, for a fragment of at most 2^14 bytes. */
  seal(type: ContentType, fragment: Uint8Array): Awaitable<Uint8Array>;
  /** The fragment, however long; a `bad_record_mac` error, the same whatever was wrong. */
  open(type: ContentType, ciphertext: Uint8Array): Awaitable<Uint8Array>;
  /** Records so far. */
  readonly sequenceNumber: number;
  /** Where the cipher writes where it is told to. */
  readonly inPlace?: InPlace | undefined;
}

/** Sealing into a buffer that others write to as well. */
export interface InPlace {
  /** Bytes on the wire after the header, beyond those of the fragment. */
  readonly overhead: number;
  /** Memory that may hold anything. */
  allocate(length: number): Uint8Array;
  /** What `seal` gives, into `out`, which is just as long. */
  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): void;
}

/** Makes the context of one direction; the key may be wiped afterwards. `encryptThenMac` is of CBC alone (RFC 7366). */
export function* makeProtection(
  provider: CryptoProvider,
  suite: CipherSpec,
  keys: DirectionKeys,
  random: Random,
  encryptThenMac = false,
): Flow<Protection> {
  if (suite.cipher === "AES_128_CBC" || suite.cipher === "AES_256_CBC") {
    const chain = yield* settle(present(provider.ciphers[suite.cipher])(keys.key));
    const Cbc = encryptThenMac ? EncryptThenMac : MacThenEncrypt;
    return new Cbc(chain, provider.hashes[suite.mac ?? "sha1"], keys.macKey, random);
  }
  const aead = yield* settle(present(provider.ciphers[suite.cipher])(keys.key));
  return new AeadProtection(aead, keys.iv.slice(), suite.tagLength ?? 16, provider.allocate ?? cleared);
}

const present = <T>(row: T | undefined): T => {
  if (!row) throw new Error("a cipher that the provider lacks got past the configuration");
  return row;
};

const cleared = (length: number): Uint8Array => new Uint8Array(length);

const badRecord = (): TlsError =>
  new TlsError("bad_record_mac", "a record was altered in transit, or its keys are not ours");

class Counter {
  #next = 0;
  get value(): number {
    return this.#next;
  }
  /** Writes the next number to 8 bytes. */
  take(to: Uint8Array, reserved = 0): void {
    if (this.#next >= maxRecords - reserved)
      throw new TlsError("internal_error", "too many records under one key", {
        fault: "application",
        code: "key_exhausted",
        advice: "open a new connection",
      });
    // It never needs more than four of them: see `maxRecords`.
    to[4] = this.#next >>> 24;
    to[5] = this.#next >>> 16;
    to[6] = this.#next >>> 8;
    to[7] = this.#next;
    this.#next++;
  }
}

/** seq_num + TLSCompressed.type + version + length (RFC 5246 §6.2.3.1, §6.2.3.3); seq_num is the counter's to write. */
function setAdditionalData(to: Uint8Array, type: ContentType, length: number): Uint8Array {
  to[8] = type;
  to[9] = tls12 >> 8;
  to[10] = tls12 & 255;
  to[11] = length >> 8;
  to[12] = length;
  return to;
}
const additionalDataLength = 13;
const sequenceLength = 8;

const nonceLength = 12;

/** Data leaves room for the alerts that end a direction whose numbers are used up. */
const reservedFor = (type: ContentType): number => (type === contentTypes.application_data ? 8 : 0);

class AeadProtection implements Protection {
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  readonly #counter = new Counter();
  readonly #tagLength: number;
  /** GCM and CCM send half of their nonce (RFC 5288 §3, RFC 6655 §3); ChaCha20 none (RFC 7905 §2). */
  readonly #explicit: number;
  /** Of the record at hand; a cipher that answers later gets them anew for each. */
  #nonce: Uint8Array;
  #data: Uint8Array = new Uint8Array(additionalDataLength);
  readonly #reuse: boolean;
  readonly inPlace: InPlace | undefined;

  constructor(aead: Aead, iv: Uint8Array, tagLength: number, allocate: (length: number) => Uint8Array) {
    this.#aead = aead;
    this.#iv = iv;
    this.#tagLength = tagLength;
    this.#explicit = nonceLength - iv.length;
    this.#nonce = concat(iv, new Uint8Array(this.#explicit));
    this.#reuse = aead.sealInto !== undefined;
    this.inPlace = this.#reuse
      ? { overhead: this.#explicit + tagLength, allocate, seal: (...record) => this.#sealInto(...record) }
      : undefined;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  seal(type: ContentType, fragment: Uint8Array): Awaitable<Uint8Array> {
    this.#next(type, fragment.length, reservedFor(type));
    const explicit = this.#data.subarray(0, this.#explicit);
    this.#setNonce(this.#data);
    const sealed = this.#aead.seal(this.#nonce, this.#data, fragment);
    if (!this.#explicit) return sealed;
    return isPromise(sealed) ? sealed.then((body) => concat(explicit, body)) : concat(explicit, sealed);
  }

  #sealInto(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    this.#next(type, fragment.length, reservedFor(type));
    this.#setNonce(this.#data);
    for (let i = 0; i < this.#explicit; i++) out[i] = this.#data[i] as number;
    this.#aead.sealInto?.(this.#nonce, this.#data, fragment, out.subarray(this.#explicit));
  }

  open(type: ContentType, ciphertext: Uint8Array): Awaitable<Uint8Array> {
    const length = ciphertext.length - this.#explicit - this.#tagLength;
    this.#next(type, length, 0);
    if (length < 0) throw badRecord();
    this.#setNonce(this.#explicit ? ciphertext : this.#data);
    const opened = this.#aead.open(this.#nonce, this.#data, ciphertext.subarray(this.#explicit));
    return isPromise(opened) ? opened.then(authentic) : authentic(opened);
  }

  #next(type: ContentType, length: number, reserved: number): void {
    if (!this.#reuse) {
      this.#nonce = this.#nonce.slice();
      this.#data = new Uint8Array(additionalDataLength);
    }
    this.#counter.take(this.#data, reserved);
    setAdditionalData(this.#data, type, length);
  }

  /** The explicit half behind the fixed one, or the number over the end of the whole. */
  #setNonce(number: Uint8Array): void {
    for (let i = 0; i < sequenceLength; i++)
      this.#nonce[4 + i] = (number[i] as number) ^ (this.#explicit ? 0 : (this.#iv[4 + i] as number));
  }
}

const authentic = (plaintext: Uint8Array | undefined): Uint8Array => {
  if (!plaintext) throw badRecord();
  return plaintext;
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

  abstract seal(type: ContentType, fragment: Uint8Array): Uint8Array;
  abstract open(type: ContentType, ciphertext: Uint8Array): Uint8Array;

  /** seq_num, of which each record has its own; the rest is `mac`'s to write. */
  protected number(reserved: number): Uint8Array {
    const data = new Uint8Array(additionalDataLength);
    this.#counter.take(data, reserved);
    return data;
  }

  protected mac(number: Uint8Array, type: ContentType, content: Uint8Array): Uint8Array {
    return this.#hmac.mac(setAdditionalData(number, type, content.length), content);
  }

  /** The IV and what is padded behind it. */
  protected encrypt(content: Uint8Array): Uint8Array {
    const paddingLength = blockLength - 1 - (content.length % blockLength);
    const iv = this.#random(blockLength);
    return concat(iv, this.#chain.encrypt(iv, concat(content, new Uint8Array(paddingLength + 1).fill(paddingLength))));
  }

  /** With its padding. */
  protected decrypt(ciphertext: Uint8Array): Uint8Array {
    return this.#chain.decrypt(ciphertext.subarray(0, blockLength), ciphertext.subarray(blockLength));
  }
}

/** All ones where the padding is right, and leaves room for so many bytes before it; else zero. Nothing branches on the padding or its length. */
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
  seal(type: ContentType, fragment: Uint8Array): Uint8Array {
    const number = this.number(reservedFor(type));
    const encrypted = this.encrypt(fragment);
    return concat(encrypted, this.mac(number, type, encrypted));
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const number = this.number(0);
    const length = ciphertext.length - this.hash.outputLength;
    if (length < 2 * blockLength || length % blockLength) throw badRecord();
    const encrypted = ciphertext.subarray(0, length);
    if (!equal(this.mac(number, type, encrypted), ciphertext.subarray(length))) throw badRecord();
    const plain = this.decrypt(encrypted);
    if (!goodPadding(plain, 0)) throw badRecord();
    return plain.subarray(0, plain.length - 1 - (plain.at(-1) as number));
  }
}

/** MAC, then pad, then encrypt (RFC 5246 §6.2.3.2), opened without an oracle: one error, and as many compressions whatever the padding (Lucky 13). */
class MacThenEncrypt extends CbcProtection {
  readonly #zeros: Uint8Array = new Uint8Array(1024);

  seal(type: ContentType, fragment: Uint8Array): Uint8Array {
    return this.encrypt(concat(fragment, this.mac(this.number(reservedFor(type)), type, fragment)));
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const number = this.number(0);
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

  /** Spends what the longest content would have taken over, and one more: always exactly one call, whose own cost would tell. */
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
