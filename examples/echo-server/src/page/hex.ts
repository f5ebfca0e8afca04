/**
 * Bytes as people read them.
 * @module
 */

/** `16 03 03`. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, hexByte).join(" ");

export const hexByte = (byte: number): string => byte.toString(16).padStart(2, "0");

/** `1 byte`, `1,024 bytes`. */
export const count = (bytes: number): string => `${bytes.toLocaleString("en")} ${bytes === 1 ? "byte" : "bytes"}`;

/** Where `part` begins in `whole`, -1 where it does not occur. */
export function indexOf(whole: Uint8Array, part: Uint8Array): number {
  for (let start = 0; start + part.length <= whole.length; start++) {
    if (part.every((byte, i) => whole[start + i] === byte)) return start;
  }
  return -1;
}
