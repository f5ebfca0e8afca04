/**
 * TLS 1.2 records under AES-128-GCM with one fixed key, without a handshake, for pages that send each record in its own
 * message. Node seals and opens the records with node:crypto, pages with noble's gcm().
 * @module
 */

export const recordKey = new Uint8Array(16).fill(7);
export const maxFragment: number = 2 ** 14;
export const tagLength = 16;
const headerLength = 5;
const explicitLength = 8;
/** The length of the header and the explicit nonce (RFC 5288 §3). */
export const prefixLength: number = headerLength + explicitLength;

export interface RecordParts {
  readonly prefix: Uint8Array;
  readonly nonce: Uint8Array;
  readonly additionalData: Uint8Array;
}

/** Returns a record's prefix, and its nonce and additional data. `length` is the length of the plaintext in bytes. */
export function recordParts(sequence: number, length: number): RecordParts {
  const additionalData = new Uint8Array(13);
  const view = new DataView(additionalData.buffer);
  view.setBigUint64(0, BigInt(sequence));
  additionalData.set([23, 3, 3], 8);
  view.setUint16(11, length);
  const prefix = new Uint8Array(prefixLength);
  prefix.set(additionalData.subarray(8));
  new DataView(prefix.buffer).setUint16(3, explicitLength + length + tagLength);
  prefix.set(additionalData.subarray(0, explicitLength), headerLength);
  const nonce = new Uint8Array(12);
  nonce.set(prefix.subarray(headerLength), 4);
  return { prefix, nonce, additionalData };
}

/** Joins the prefix, the ciphertext and the tag of a record. */
export function joinRecord(
  prefix: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(prefix.length + sealed.length + tag.length);
  record.set(prefix);
  record.set(sealed, prefix.length);
  record.set(tag, prefix.length + sealed.length);
  return record;
}
