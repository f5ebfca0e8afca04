/**
 * The record header, RFC 5246 §6.2.
 * @module
 */
export const contentTypes = { change_cipher_spec: 20, alert: 21, handshake: 22, application_data: 23 } as const;
export type ContentType = (typeof contentTypes)[keyof typeof contentTypes];
/** The length of a record header in bytes: type (1), version (2) and length (2). */
export const headerLength = 5;

export const contentTypeName = (type: ContentType): keyof typeof contentTypes =>
  (Object.keys(contentTypes) as (keyof typeof contentTypes)[]).find(
    (name) => contentTypes[name] === type,
  ) as keyof typeof contentTypes;

/** Writes the header into the first five bytes of a record. `length` is the length of its fragment. */
export function setRecordHeader(record: Uint8Array, type: ContentType, version: number, length: number): void {
  record[0] = type;
  record[1] = version >> 8;
  record[2] = version;
  record[3] = length >> 8;
  record[4] = length;
}
