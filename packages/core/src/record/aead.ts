/**
 * Record protection with an AEAD, RFC 5246 §6.2.3.3: GCM (RFC 5288), CCM (RFC 6655), ChaCha20-Poly1305 (RFC 7905).
 * @module
 */
import { type Aead, requireEntry } from "../crypto/provider.ts";
import { type Awaitable, type Flow, isPromise, waitFor } from "../flow.ts";
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

export type AeadName = Exclude<CipherSpec["cipher"], "AES_128_CBC" | "AES_256_CBC">;

/** Returns the `protect` function for the cipher spec row of an AEAD. */
export const aead = (cipher: AeadName): CipherSpecRow["protect"] =>
  function* ({ provider, spec, keys }: ProtectionParameters): Flow<Protection> {
    const context = yield* waitFor(requireEntry(provider.ciphers[cipher])(keys.key));
    return new AeadProtection(context, keys.iv, spec.tagLength ?? 16);
  };

const sequenceLength = 8;
const nonceLength = 12;

/**
 * The nonce and the additional data of the current record. All connections share these two arrays, because a
 * synchronous cipher no longer uses them after it has returned.
 */
let nonce: Uint8Array = new Uint8Array(nonceLength);
let additionalData: Uint8Array = new Uint8Array(additionalDataLength);

/**
 * True while a cipher uses the two arrays. If the cipher calls back into a connection, the record of that connection
 * gets new arrays.
 */
let isInUse = false;

/** Allocates new arrays for the next record, because a cipher may still read the old ones. */
function renewInputs(): void {
  nonce = new Uint8Array(nonceLength);
  additionalData = new Uint8Array(additionalDataLength);
}

class AeadProtection implements Protection {
  readonly #aead: Aead;
  readonly #iv: readonly number[];
  readonly #counter = new Counter();
  /**
   * The length of the explicit nonce in the record, in bytes: 8 with GCM and CCM (RFC 5288 §3, RFC 6655 §3), 0 with
   * ChaCha20 (RFC 7905 §2).
   */
  readonly #explicitLength: number;
  readonly #overhead: number;

  constructor(aead: Aead, iv: Uint8Array, tagLength: number) {
    this.#aead = aead;
    this.#iv = [...iv];
    this.#explicitLength = nonceLength - iv.length;
    this.#overhead = this.#explicitLength + tagLength;
  }

  get sequenceNumber(): number {
    return this.#counter.value;
  }

  sealedLength(length: number): number {
    return length + this.#overhead;
  }

  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): Awaitable<void> {
    if (isInUse) renewInputs();
    this.#counter.take(additionalData, sendLimit(type));
    setAdditionalData(additionalData, type, fragment.length);
    this.#setNonce(additionalData);
    for (let i = 0; i < this.#explicitLength; i++) out[i] = additionalData[i] as number;
    isInUse = true;
    try {
      const sealed = this.#aead.seal(nonce, additionalData, fragment, out.subarray(this.#explicitLength));
      if (isPromise(sealed)) renewInputs();
      return sealed;
    } finally {
      isInUse = false;
    }
  }

  open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array> {
    const length = body.length - this.#overhead;
    if (isInUse) renewInputs();
    this.#counter.take(additionalData, maxRecordsReceived);
    if (length < 0) throw badRecordError();
    setAdditionalData(additionalData, type, length);
    this.#setNonce(this.#explicitLength ? body : additionalData);
    isInUse = true;
    try {
      const opened = this.#aead.open(nonce, additionalData, body.subarray(this.#explicitLength));
      if (opened instanceof Uint8Array) return opened;
      if (!opened) throw badRecordError();
      renewInputs();
      return opened.then(requireAuthentic);
    } finally {
      isInUse = false;
    }
  }

  /**
   * Sets the nonce: the fixed part and then the explicit part, or, with ChaCha20, the IV XORed with the padded sequence
   * number.
   * @param explicit its first 8 bytes are the explicit part, or with ChaCha20 the sequence number
   */
  #setNonce(explicit: Uint8Array): void {
    nonce.set(this.#iv);
    for (let i = 0; i < sequenceLength; i++)
      nonce[4 + i] = (explicit[i] as number) ^ (this.#explicitLength ? 0 : (this.#iv[4 + i] as number));
  }
}

const requireAuthentic = (opened: Uint8Array | undefined): Uint8Array => {
  if (!opened) throw badRecordError();
  return opened;
};
