/**
 * Joins, compares and wipes bytes, and converts them to and from text.
 * @module
 */

/**
 * The type of the bytes that Handclasp gives to applications. Their memory is not a SharedArrayBuffer, so Blob, fetch,
 * TextDecoderStream and WebCrypto accept them. From applications, Handclasp accepts bytes in any kind of memory.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The arguments, joined into one new array. */
export const concat = (...parts: readonly Uint8Array[]): Bytes => join(parts);

/** The parts, joined into one new array. There may be more parts than a call can have arguments. */
export function join(parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Like `join`, but returns a view instead of a copy if the parts follow each other in one buffer. */
export function joinContiguous(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (!first) return new Uint8Array(0);
  let end = first.byteOffset;
  for (const part of parts) {
    if (part.buffer !== first.buffer || part.byteOffset !== end) return join(parts);
    end += part.length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}

/**
 * True if both arrays have the same bytes. The time depends only on the lengths, as far as a JavaScript engine allows.
 */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Overwrites secrets with zeros. It cannot reach the copies that the garbage collector made. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/**
 * Bytes as lower-case hex. `join` makes a flat string. After `+=`, the JavaScript engine would keep each part as long
 * as the string.
 */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes from hex; ignores white space. Throws a RangeError if the text is not hex or has an odd number of digits. */
export function fromHex(hex: string): Bytes {
  const clean = hex.replace(/\s+/g, "");
  if (clean.length % 2 || /[^0-9a-fA-F]/.test(clean)) throw new RangeError("not hex");
  const out = new Uint8Array(clean.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Base64 with padding, RFC 4648 §4. */
export const toBase64 = (bytes: Uint8Array): string => btoa(latin1(bytes));

/**
 * Bytes from base64 with padding, RFC 4648 §4; ignores white space. Throws a RangeError if the text is not base64,
 * lacks padding, or has non-zero spare bits.
 */
export function fromBase64(text: string): Bytes {
  const clean = text.replace(/\s+/g, "");
  try {
    const binary = atob(clean);
    // `atob` accepts text without padding and ignores spare bits.
    if (btoa(binary) === clean) return charCodes(binary);
  } catch {
    // `atob` throws a DOMException.
  }
  throw new RangeError("not base64");
}

/** ASCII text as bytes. Throws a RangeError for text that is not ASCII. */
export function ascii(text: string): Bytes {
  if (/[^\0-\x7f]/.test(text)) throw new RangeError("not ASCII");
  return charCodes(text);
}

/** The codes of characters below 256. */
const charCodes = (text: string): Bytes => Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));

/** Bytes as text: each byte becomes the character with that code. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/** A 16-bit number in hexadecimal, such as `0x0303`. */
export const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;
