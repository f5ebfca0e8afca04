/**
 * One direction of a protected connection: keys, nonce, additional data, sequence number (RFC 5246 §6.2.3, RFC 5288,
 * RFC 7905). A record takes its sequence number when `seal` or `open` is called, so the order is right however long a
 * promise takes.
 * @module
 */
import type { DirectionKeys } from "../crypto/keySchedule.ts";
import type { CipherName, CryptoProvider, HashName, Random } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import type { Awaitable, Flow } from "../flow.ts";
import { maxRecordsSent } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes } from "../wire/record.ts";

/** Protects the records of one direction. */
export interface Protection {
  /** The length of a record without its header, in bytes, for a fragment of `length` bytes. */
  sealedLength(length: number): number;
  /**
   * Writes the sealed bytes to `out`, which has exactly `sealedLength` bytes. If it returns a promise, it may read
   * `fragment` and write `out` until the promise has settled.
   */
  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): Awaitable<void>;
  /** Returns the fragment, whose length is not checked. Fails with the same `bad_record_mac` for every bad record. */
  open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array>;
  /** The number of records so far, which is the sequence number of the next record. */
  readonly sequenceNumber: number;
}

/** The state of both directions before ChangeCipherSpec: no protection. */
export const noProtection: Protection = {
  sealedLength: (length) => length,
  seal: (_, fragment, out) => out.set(fragment),
  open: (_, body) => body,
  sequenceNumber: 0,
};

/**
 * The record protection and the hash of a cipher suite: the part of the suite's name after `WITH_`.
 */
export interface CipherSpec {
  readonly cipher: CipherName;
  /** The length of a write key, in bytes. */
  readonly keyLength: number;
  /**
   * The length of an IV from the key block, in bytes: 4 for GCM and CCM (RFC 5288, RFC 6655), 12 for ChaCha20 (RFC
   * 7905), 0 for CBC (RFC 5246 §6.3).
   */
  readonly fixedIvLength: number;
  /** The length of an AEAD's tag, in bytes. Default 16. */
  readonly tagLength?: number;
  /** The HMAC hash of a CBC suite. */
  readonly mac?: "sha1" | "sha256" | "sha384";
  /** The length of a MAC key, in bytes: the output length of the hash in `mac`, or 0 for an AEAD. */
  readonly macLength: number;
  /** The hash of the PRF and of the transcript: SHA-256, unless the suite defines another (RFC 5246 §5). */
  readonly prf: Extract<HashName, "sha256" | "sha384">;
}

/** A cipher spec with its code, so that a bundle contains the code of only those suites that the program names. */
export interface CipherSpecRow extends CipherSpec {
  /** Makes the protection of one direction. */
  protect(parameters: ProtectionParameters): Flow<Protection>;
}

export interface ProtectionParameters {
  readonly provider: CryptoProvider;
  readonly spec: CipherSpec;
  readonly keys: DirectionKeys;
  readonly random: Random;
  /** True if encrypt_then_mac was negotiated, which affects only CBC (RFC 7366). */
  readonly encryptThenMac: boolean;
}

/** Makes the protection of one direction. The caller may wipe the keys once the flow has returned. */
export const makeProtection = (
  provider: CryptoProvider,
  spec: CipherSpec,
  keys: DirectionKeys,
  random: Random,
  encryptThenMac = false,
): Flow<Protection> => (spec as CipherSpecRow).protect({ provider, spec, keys, random, encryptThenMac });

export const badRecordError = (): TlsError =>
  new TlsError("bad_record_mac", "a record was altered in transit, or its keys are not ours");

export class Counter {
  #next = 0;
  get value(): number {
    return this.#next;
  }
  /**
   * Writes the next sequence number to the first 8 bytes of `to`. Throws `key_exhausted` if the number has reached
   * `limit`: `sendLimit` for records that we seal, `maxRecordsReceived` for records of the peer.
   */
  take(to: Uint8Array, limit: number): void {
    if (this.#next >= limit)
      throw new TlsError("internal_error", "too many records under one key", {
        fault: "application",
        code: "key_exhausted",
        advice: "open a new connection",
      });
    setSequenceNumber(to, this.#next++);
  }
}

/**
 * Writes the low six bytes of a sequence number; a number below `maxRecordsReceived` has no more. It writes zeros too,
 * because `to` may contain the number of another connection.
 */
export function setSequenceNumber(to: Uint8Array, number: number): void {
  // A Uint8Array stores a number modulo 256. A shift would first reduce it modulo 2^32.
  for (let i = 7, rest = number; i > 1; i--, rest /= 256) to[i] = rest;
}

/**
 * Writes TLSCompressed.type, version and length after the seq_num that `Counter` has written (RFC 5246 §6.2.3.1,
 * §6.2.3.3).
 */
export function setAdditionalData(to: Uint8Array, type: ContentType, length: number): Uint8Array {
  to[8] = type;
  to[9] = tls12 >> 8;
  to[10] = tls12 & 255;
  to[11] = length >> 8;
  to[12] = length;
  return to;
}
export const additionalDataLength = 13;

/** The number of records that may be sent under one key. Application data leaves eight of them for alerts. */
export const sendLimit = (type: ContentType): number =>
  maxRecordsSent - (type === contentTypes.application_data ? 8 : 0);
