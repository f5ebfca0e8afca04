/**
 * TLS 1.2 records with AES-128-GCM and a fixed key, without a handshake: the cost of a page that sends records one by
 * one.
 * Node seals and opens them with node:crypto, and pages with noble's gcm().
 * @module
 */

export const recordKey = new Uint8Array(16).fill(7);
export const maxFragment: number = 2 ** 14;
export const tagLength = 16;
const headerLength = 5;
const explicitLength = 8;
/** Header and explicit nonce (RFC 5288 §3). */
export const leadLength: number = headerLength + explicitLength;

export interface Sealing {
  readonly lead: Uint8Array;
  readonly nonce: Uint8Array;
  readonly additionalData: Uint8Array;
}

/** The parts around the `length` bytes of the record with this sequence number. */
export function sealing(sequence: number, length: number): Sealing {
  const additionalData = new Uint8Array(13);
  const view = new DataView(additionalData.buffer);
  view.setBigUint64(0, BigInt(sequence));
  additionalData.set([23, 3, 3], 8);
  view.setUint16(11, length);
  const lead = new Uint8Array(leadLength);
  lead.set(additionalData.subarray(8));
  new DataView(lead.buffer).setUint16(3, explicitLength + length + tagLength);
  lead.set(additionalData.subarray(0, explicitLength), headerLength);
  const nonce = new Uint8Array(12);
  nonce.set(lead.subarray(headerLength), 4);
  return { lead, nonce, additionalData };
}

/** Joins the parts of a record. */
export function joined(
  lead: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(lead.length + sealed.length + tag.length);
  record.set(lead);
  record.set(sealed, lead.length);
  record.set(tag, lead.length + sealed.length);
  return record;
}
