/**
 * One direction of a protected connection: keys, nonce, additional data, sequence number (RFC 5246 §6.2.3, 5288, 7905).
 * The sequence number is taken when a record is submitted, so order stays right however long a promise takes.
 * @module
 */
import type { DirectionKeys } from "../crypto/keySchedule.ts";
import type { CipherName, CryptoProvider, HashName, Random } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import type { Awaitable, Flow } from "../flow.ts";
import { maxRecords } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes } from "../wire/record.ts";

/** How the records of one direction are protected. */
export interface Protection {
  /** Bytes on the wire after the header, for a fragment of `length` bytes. */
  sealedLength(length: number): number;
  /**
   * Writes the sealed bytes to `out`, which has exactly `sealedLength` of them. If it answers with a promise, it may
   * read `fragment` and write `out` until that has settled.
   */
  seal(type: ContentType, fragment: Uint8Array, out: Uint8Array): Awaitable<void>;
  /** Answers the fragment, however long it is. Fails with `bad_record_mac`, the same error whatever was wrong. */
  open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array>;
  /** Records so far. */
  readonly sequenceNumber: number;
}

/** The state of both directions until ChangeCipherSpec: no protection. */
export const plaintext: Protection = {
  sealedLength: (length) => length,
  seal: (_, fragment, out) => out.set(fragment),
  open: (_, body) => body,
  sequenceNumber: 0,
};

/** What protects records, apart from how the sides agree on its keys: the half of a cipher suite's name behind WITH. */
export interface CipherSpec {
  readonly cipher: CipherName;
  /** Bytes of a write key. */
  readonly keyLength: number;
  /**
   * Bytes of IV from the key block: 4 for GCM and CCM (RFC 5288, 6655), 12 for ChaCha20 (RFC 7905), none for CBC (RFC
   * 5246 §6.3).
   */
  readonly fixedIvLength: number;
  /** Bytes of an AEAD's tag where they are not 16. */
  readonly tagLength?: number;
  /** HMAC hash of a CBC suite. */
  readonly mac?: "sha1" | "sha256" | "sha384";
  /** Bytes of a MAC key: the length of that hash, none for an AEAD. */
  readonly macLength: number;
  /** Hash of the PRF and of the handshake: SHA-256 unless the suite says more (RFC 5246 §5). */
  readonly prf: Extract<HashName, "sha256" | "sha384">;
}

/** What is behind it: the row brings its code along, as it does that of its key exchange. */
export interface CipherSpecRow extends CipherSpec {
  /** Makes the context of one direction. */
  protect(keyed: Keyed): Flow<Protection>;
}

export interface Keyed {
  readonly provider: CryptoProvider;
  readonly spec: CipherSpec;
  readonly keys: DirectionKeys;
  readonly random: Random;
  /** Of CBC alone (RFC 7366). */
  readonly encryptThenMac: boolean;
}

/** Makes the context of one direction; the key may be wiped afterwards. */
export const makeProtection = (
  provider: CryptoProvider,
  spec: CipherSpec,
  keys: DirectionKeys,
  random: Random,
  encryptThenMac = false,
): Flow<Protection> => (spec as CipherSpecRow).protect({ provider, spec, keys, random, encryptThenMac });

export const badRecord = (): TlsError =>
  new TlsError("bad_record_mac", "a record was altered in transit, or its keys are not ours");

export class Counter {
  #next = 0;
  get value(): number {
    return this.#next;
  }
  /**
   * Writes the next number to 8 bytes. Throws from the number `limit` on: `sendLimit` for records that we seal,
   * `maxReceived` for the peer's.
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

/** All of the six bytes that a number below `maxReceived` needs: `to` may hold another connection's number. */
export function setSequenceNumber(to: Uint8Array, number: number): void {
  // An element of a Uint8Array takes a number modulo 256; a shift would take it modulo 2^32 first.
  for (let i = 7, rest = number; i > 1; i--, rest /= 256) to[i] = rest;
}

/** seq_num + TLSCompressed.type + version + length (RFC 5246 §6.2.3.1, §6.2.3.3); seq_num is the counter's to write. */
export function setAdditionalData(to: Uint8Array, type: ContentType, length: number): Uint8Array {
  to[8] = type;
  to[9] = tls12 >> 8;
  to[10] = tls12 & 255;
  to[11] = length >> 8;
  to[12] = length;
  return to;
}
export const additionalDataLength = 13;

/** Data leaves room for the alerts that end a direction whose numbers are used up. */
export const sendLimit = (type: ContentType): number => maxRecords - (type === contentTypes.application_data ? 8 : 0);
