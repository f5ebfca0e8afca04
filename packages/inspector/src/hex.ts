/**
 * Formats bytes for readers.
 * @module
 */
import type { Text } from "./text.ts";

/** Formats bytes as `16 03 03`. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, hexByte).join(" ");

export const hexByte = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Formats a number of bytes as `1 byte` or `1,024 bytes`. */
export function count(bytes: number): Text {
  const unit = bytes === 1 ? "byte" : "bytes";
  return { en: `${bytes.toLocaleString("en")} ${unit}`, ko: `${bytes.toLocaleString("ko")}바이트` };
}

/** Returns the index at which `part` begins in `bytes`, or -1 if `bytes` do not contain `part`. */
export function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let start = 0; start + part.length <= bytes.length; start++) {
    if (part.every((byte, i) => bytes[start + i] === byte)) return start;
  }
  return -1;
}
