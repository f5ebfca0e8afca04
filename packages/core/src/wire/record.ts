/**
 * The record header, RFC 5246 §6.2.
 * @module
 */
export const contentTypes = { change_cipher_spec: 20, alert: 21, handshake: 22, application_data: 23 } as const;
export type ContentType = (typeof contentTypes)[keyof typeof contentTypes];
/** Bytes of a header: type, version, length. */
export const headerLength = 5;

export const contentTypeName = (type: ContentType): keyof typeof contentTypes =>
  (Object.keys(contentTypes) as (keyof typeof contentTypes)[]).find(
    (name) => contentTypes[name] === type,
  ) as keyof typeof contentTypes;

export const isContentType = (type: number): type is ContentType => type >= 20 && type <= 23;

export function recordHeader(type: ContentType, version: number, length: number): Uint8Array {
  return Uint8Array.of(type, version >> 8, version & 255, length >> 8, length & 255);
}
