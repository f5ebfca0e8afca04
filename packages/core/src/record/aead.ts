/**
 * Records under an AEAD, RFC 5246 §6.2.3.3: GCM (RFC 5288), CCM (RFC 6655), ChaCha20-Poly1305 (RFC 7905).
 * @module
 */
import { concat } from "../bytes/bytes.ts";
import { type Aead, present } from "../crypto/provider.ts";
import { type Awaitable, type Flow, isPromise, settle } from "../flow.ts";
import { maxReceived } from "../limits.ts";
import type { ContentType } from "../wire/record.ts";
import {
  additionalDataLength,
  badRecord,
  type CipherSpec,
  Counter,
  type InPlace,
  type Keyed,
  type Protection,
  sendLimit,
  setAdditionalData,
} from "./protection.ts";

type AeadName = Exclude<CipherSpec["cipher"], "AES_128_CBC" | "AES_256_CBC">;

/** The `protect` of an AEAD's row. */
export const aead = (cipher: AeadName): CipherSpec["protect"] =>
  function* ({ provider, spec, keys }: Keyed): Flow<Protection> {
    const context = yield* settle(present(provider.ciphers[cipher])(keys.key));
    return new AeadProtection(context, keys.iv, spec.tagLength ?? 16, provider.allocate ?? cleared);
  };

const cleared = (length: number): Uint8Array => new Uint8Array(length);

const sequenceLength = 8;
const nonceLength = 12;

/** Of all connections whose cipher writes where it is told to, and so is done when it returns; one that answers later gets them anew for each record. */
const sharedNonce: Uint8Array = new Uint8Array(nonceLength);
const sharedData: Uint8Array = new Uint8Array(additionalDataLength);

class AeadProtection implements Protection, InPlace {
  readonly #aead: Aead;
  readonly #iv: readonly number[];
  readonly #counter = new Counter();
  /** GCM and CCM send half of their nonce (RFC 5288 §3, RFC 6655 §3); ChaCha20 none (RFC 7905 §2). */
  readonly #explicit: number;
  /** Of the record at hand. */
  #nonce = sharedNonce;
  #data = sharedData;
  readonly overhead: number;
  readonly allocate: (length: number) => Uint8Array;

  constructor(aead: Aead, iv: Uint8Array, tagLength: number, allocate: (length: number) => Uint8Array) {
    this.#aead = aead;
    this.#iv = [...iv];
    this.#explicit = nonceLength - iv.length;
    this.overhead = this.#explicit + tagLength;
    this.allocate = allocate;
  }

  get inPlace(): InPlace | undefined {
    return this.#aead.sealInto && this;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  seal(type: ContentType, fragment: Uint8Array): Awaitable<Uint8Array> {
    this.#next(type, fragment.length, sendLimit(type));
    const explicit = this.#data.subarray(0, this.#explicit);
    this.#setNonce(this.#data);
    const sealed = this.#aead.seal(this.#nonce, this.#data, fragment);
    if (!this.#explicit) return sealed;
    return isPromise(sealed) ? sealed.then((body) => concat(explicit, body)) : concat(explicit, sealed);
  }

  sealInto(type: ContentType, fragment: Uint8Array, out: Uint8Array): void {
    this.#next(type, fragment.length, sendLimit(type));
    this.#setNonce(this.#data);
    for (let i = 0; i < this.#explicit; i++) out[i] = this.#data[i] as number;
    this.#aead.sealInto?.(this.#nonce, this.#data, fragment, out.subarray(this.#explicit));
  }

  open(type: ContentType, ciphertext: Uint8Array): Awaitable<Uint8Array> {
    const length = ciphertext.length - this.overhead;
    this.#next(type, length, maxReceived);
    if (length < 0) throw badRecord();
    this.#setNonce(this.#explicit ? ciphertext : this.#data);
    const opened = this.#aead.open(this.#nonce, this.#data, ciphertext.subarray(this.#explicit));
    return isPromise(opened) ? opened.then(authentic) : authentic(opened);
  }

  #next(type: ContentType, length: number, limit: number): void {
    if (!this.#aead.sealInto) {
      this.#nonce = new Uint8Array(nonceLength);
      this.#data = new Uint8Array(additionalDataLength);
    }
    this.#counter.take(this.#data, limit);
    setAdditionalData(this.#data, type, length);
  }

  /** The explicit half behind the fixed one, or the number over the end of the whole. */
  #setNonce(number: Uint8Array): void {
    this.#nonce.set(this.#iv);
    for (let i = 0; i < sequenceLength; i++)
      this.#nonce[4 + i] = (number[i] as number) ^ (this.#explicit ? 0 : (this.#iv[4 + i] as number));
  }
}

const authentic = (plaintext: Uint8Array | undefined): Uint8Array => {
  if (!plaintext) throw badRecord();
  return plaintext;
};
