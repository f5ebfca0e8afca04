/**
 * One direction of a protected connection: keys, nonce, additional data, sequence number (RFC 5246 §6.2.3, 5288, 7905).
 * The sequence number is taken when a record is submitted, so order stays right however long a promise takes.
 * @module
 */
import { concat, equal } from "../bytes/bytes.ts";
import type { DirectionKeys } from "../crypto/keySchedule.ts";
import type { Aead, BlockChain, CryptoProvider, Hash, Hmac, Random } from "../crypto/provider.ts";
import type { CipherSuite } from "../crypto/suites.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, type Flow, isPromise, settle } from "../flow.ts";
import { maxPlaintext, maxRecords } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes } from "../wire/record.ts";

/** A direction under keys. */
export interface Protection {
  /** Bytes on the wire after the header, for a fragment of at most 2^14 bytes. */
  seal(type: ContentType, fragment: Uint8Array): Awaitable<Uint8Array>;
  /** The fragment; a `bad_record_mac` error, the same whatever was wrong. */
  open(type: ContentType, ciphertext: Uint8Array): Awaitable<Uint8Array>;
  /** Records so far. */
  readonly sequenceNumber: number;
}

/** Makes the context of one direction; the key may be wiped afterwards. */
export function* makeProtection(
  provider: CryptoProvider,
  suite: CipherSuite,
  keys: DirectionKeys,
  random: Random,
): Flow<Protection> {
  if (suite.cipher === "AES_128_CBC" || suite.cipher === "AES_256_CBC") {
    const chain = yield* settle(present(provider.ciphers[suite.cipher])(keys.key));
    return new CbcProtection(chain, provider.hashes[suite.mac ?? "sha1"], keys.macKey, random);
  }
  return new AeadProtection(yield* settle(present(provider.ciphers[suite.cipher])(keys.key)), keys.iv.slice());
}

const present = <T>(row: T | undefined): T => {
  if (!row) throw new Error("a cipher that the provider lacks got past the configuration");
  return row;
};

const badRecord = (): TlsError =>
  new TlsError("bad_record_mac", "a record was altered in transit, or its keys are not ours");

class Counter {
  #next = 0;
  get value(): number {
    return this.#next;
  }
  /** The next number as 8 bytes. */
  take(reserved = 0): Uint8Array {
    if (this.#next >= maxRecords - reserved)
      throw new TlsError("internal_error", "too many records under one key", {
        fault: "application",
        code: "key_exhausted",
        advice: "open a new connection",
      });
    const out = new Uint8Array(8);
    new DataView(out.buffer).setUint32(4, this.#next % 2 ** 32);
    this.#next++;
    return out;
  }
}

/** seq_num + TLSCompressed.type + version + length (RFC 5246 §6.2.3.1, §6.2.3.3). */
const additionalData = (sequenceNumber: Uint8Array, type: ContentType, length: number): Uint8Array =>
  concat(sequenceNumber, Uint8Array.of(type, tls12 >> 8, tls12 & 255, length >> 8, length & 255));

const tagLength = 16;

/** Data leaves room for the alerts that end a direction whose numbers are used up. */
const reservedFor = (type: ContentType): number => (type === contentTypes.application_data ? 8 : 0);

class AeadProtection implements Protection {
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  readonly #counter = new Counter();
  /** GCM sends half of its nonce (RFC 5288 §3); ChaCha20 none (RFC 7905 §2). */
  readonly #explicit: number;

  constructor(aead: Aead, iv: Uint8Array) {
    this.#aead = aead;
    this.#iv = iv;
    this.#explicit = 12 - iv.length;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  seal(type: ContentType, fragment: Uint8Array): Awaitable<Uint8Array> {
    const number = this.#counter.take(reservedFor(type));
    const sealed = this.#aead.seal(this.#nonce(number), additionalData(number, type, fragment.length), fragment);
    if (!this.#explicit) return sealed;
    return isPromise(sealed) ? sealed.then((body) => concat(number, body)) : concat(number, sealed);
  }

  open(type: ContentType, ciphertext: Uint8Array): Awaitable<Uint8Array> {
    const number = this.#counter.take();
    const length = ciphertext.length - this.#explicit - tagLength;
    if (length < 0) throw badRecord();
    if (length > maxPlaintext)
      throw new TlsError("record_overflow", `a record of ${length} bytes, at most ${maxPlaintext} allowed`);
    const nonce = this.#nonce(this.#explicit ? ciphertext.subarray(0, this.#explicit) : number);
    const opened = this.#aead.open(nonce, additionalData(number, type, length), ciphertext.subarray(this.#explicit));
    return isPromise(opened) ? opened.then(authentic) : authentic(opened);
  }

  #nonce(number: Uint8Array): Uint8Array {
    if (this.#explicit) return concat(this.#iv, number);
    const nonce = this.#iv.slice();
    for (let i = 0; i < 8; i++) nonce[4 + i] = (nonce[4 + i] as number) ^ (number[i] as number);
    return nonce;
  }
}

const authentic = (plaintext: Uint8Array | undefined): Uint8Array => {
  if (!plaintext) throw badRecord();
  return plaintext;
};

const blockLength = 16;

/** MAC, then pad, then encrypt (RFC 5246 §6.2.3.2), opened without an oracle: one error, and as many compressions whatever the padding (Lucky 13). */
class CbcProtection implements Protection {
  readonly #chain: BlockChain;
  readonly #hash: Hash;
  readonly #hmac: Hmac;
  readonly #random: Random;
  readonly #zeros: Uint8Array = new Uint8Array(1024);
  readonly #counter = new Counter();

  constructor(chain: BlockChain, hash: Hash, macKey: Uint8Array, random: Random) {
    this.#chain = chain;
    this.#hash = hash;
    this.#hmac = hash.hmac(macKey.slice());
    this.#random = random;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  seal(type: ContentType, fragment: Uint8Array): Uint8Array {
    const mac = this.#hmac.mac(additionalData(this.#counter.take(reservedFor(type)), type, fragment.length), fragment);
    const paddingLength = blockLength - 1 - ((fragment.length + mac.length) % blockLength);
    const iv = this.#random(blockLength);
    return concat(
      iv,
      this.#chain.encrypt(iv, concat(fragment, mac, new Uint8Array(paddingLength + 1).fill(paddingLength))),
    );
  }

  open(type: ContentType, ciphertext: Uint8Array): Uint8Array {
    const number = this.#counter.take();
    const macLength = this.#hash.outputLength;
    const length = ciphertext.length - blockLength;
    if (length % blockLength || length < macLength + 1) throw badRecord();
    const plain = this.#chain.decrypt(ciphertext.subarray(0, blockLength), ciphertext.subarray(blockLength));

    // From here to the comparison, nothing branches on the padding or its length.
    const longest = length - macLength - 1;
    const claimed = plain[length - 1] as number;
    let fault = (longest - claimed) >> 31; // all ones where the padding cannot fit
    for (let i = 0; i < Math.min(256, length); i++) {
      const inPadding = ~((claimed - i) >> 31);
      fault |= inPadding & ((plain[length - 1 - i] as number) ^ claimed);
    }
    const good = ~((fault | -fault) >> 31); // all ones where the padding is right
    const contentLength = longest - (claimed & good);

    const expected = this.#hmac.mac(additionalData(number, type, contentLength), plain.subarray(0, contentLength));
    this.#compress(1 + this.#compressions(13 + longest) - this.#compressions(13 + contentLength));
    const authenticated = equal(expected, macAt(plain, contentLength, macLength));
    if (!(authenticated && good)) throw badRecord();
    if (contentLength > maxPlaintext)
      throw new TlsError("record_overflow", `a record of ${contentLength} bytes, at most ${maxPlaintext} allowed`);
    return plain.subarray(0, contentLength);
  }

  /** Compressions of a message of `length` bytes, the padding of the hash included. */
  #compressions(length: number): number {
    return Math.ceil((length + 1 + this.#lengthField) / this.#hash.blockLength);
  }

  /** Spends what the longest content would have taken over, and one more: always exactly one call, whose own cost would tell. */
  #compress(count: number): void {
    this.#hash.digest(this.#zeros.subarray(0, count * this.#hash.blockLength - 1 - this.#lengthField));
  }

  get #lengthField(): number {
    return this.#hash.blockLength / 8;
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
