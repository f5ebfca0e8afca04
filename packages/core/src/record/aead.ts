/**
 * Records under an AEAD, RFC 5246 §6.2.3.3: GCM (RFC 5288), CCM (RFC 6655), ChaCha20-Poly1305 (RFC 7905).
 * @module
 */
import { type Aead, requireEntry } from "../crypto/provider.ts";
import { type Awaitable, type Flow, isPromise, waitFor } from "../flow.ts";
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

export type AeadName = Exclude<CipherSpec["cipher"], "AES_128_CBC" | "AES_256_CBC">;

/** The `protect` of an AEAD's row. */
export const aead = (cipher: AeadName): CipherSpecRow["protect"] =>
  function* ({ provider, spec, keys }: Keyed): Flow<Protection> {
    const context = yield* waitFor(requireEntry(provider.ciphers[cipher])(keys.key));
    return new AeadProtection(context, keys.iv, spec.tagLength ?? 16);
  };

const sequenceLength = 8;
const nonceLength = 12;

/**
 * Nonce and additional data of the record at hand, of all connections: a cipher that answers at once is done with them
 * when it returns.
 */
let nonce: Uint8Array = new Uint8Array(nonceLength);
let data: Uint8Array = new Uint8Array(additionalDataLength);

/** A cipher is at work with them: one that calls back into a connection keeps these, and the other record gets others. */
let inUse = false;

/** A cipher that answers later may still read both: it keeps them, and the next record gets others. */
function renewInputs(): void {
  nonce = new Uint8Array(nonceLength);
  data = new Uint8Array(additionalDataLength);
}

class AeadProtection implements Protection {
  readonly #aead: Aead;
  readonly #iv: readonly number[];
  readonly #counter = new Counter();
  /**
   * Bytes of the nonce that the record carries: half of it with GCM and CCM (RFC 5288 §3, RFC 6655 §3), none with
   * ChaCha20 (RFC 7905 §2).
   */
  readonly #explicit: number;
  readonly #overhead: number;

  constructor(aead: Aead, iv: Uint8Array, tagLength: number) {
    this.#aead = aead;
    this.#iv = [...iv];
    this.#explicit = nonceLength - iv.length;
    this.#overhead = this.#explicit + tagLength;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  sealedLength(length: number): number {
    return length + this.#overhead;
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): Awaitable<void> {
    if (inUse) renewInputs();
    this.#counter.take(data, sendLimit(type));
    setAdditionalData(data, type, fragment.length);
    this.#setNonce(data);
    for (let i = 0; i < this.#explicit; i++) out[i] = data[i] as number;
    inUse = true;
    try {
      const sealed = this.#aead.seal(nonce, data, fragment, out.subarray(this.#explicit));
      if (isPromise(sealed)) renewInputs();
      return sealed;
    } finally {
      inUse = false;
    }
  }

  open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array> {
    const length = body.length - this.#overhead;
    if (inUse) renewInputs();
    this.#counter.take(data, maxReceived);
    if (length < 0) throw badRecord();
    setAdditionalData(data, type, length);
    this.#setNonce(this.#explicit ? body : data);
    inUse = true;
    try {
      const opened = this.#aead.open(nonce, data, body.subarray(this.#explicit));
      if (opened instanceof Uint8Array) return opened;
      if (!opened) throw badRecord();
      renewInputs();
      return opened.then(authentic);
    } finally {
      inUse = false;
    }
  }

  /** The explicit half behind the fixed one, or the number over the end of the whole. */
  #setNonce(number: Uint8Array): void {
    nonce.set(this.#iv);
    for (let i = 0; i < sequenceLength; i++)
      nonce[4 + i] = (number[i] as number) ^ (this.#explicit ? 0 : (this.#iv[4 + i] as number));
  }
}

const authentic = (opened: Uint8Array | undefined): Uint8Array => {
  if (!opened) throw badRecord();
  return opened;
};
