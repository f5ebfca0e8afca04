/**
 * Functions on bytes: join, compare, wipe, and conversions to and from text.
 * @module
 */

/**
 * Bytes that we return: their memory is not a SharedArrayBuffer, so Blob, fetch, TextDecoderStream and WebCrypto accept
 * them. Bytes that we accept may be in any memory.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/** One array with the bytes of a few. */
export const concat = (...parts: readonly Uint8Array[]): Bytes => join(parts);

/** One array with the bytes of any number of arrays, which may be more than a call can have arguments. */
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

/** The same without a copy if the arrays follow each other in one buffer. */
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

/** Compares in a time that depends only on the lengths, as far as a JavaScript engine allows. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Overwrites secrets that are no longer needed. It cannot reach copies that the garbage collector made. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/** Lower-case hex. `join` makes a flat string; after `+=`, the engine keeps each part as long as the string exists. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes from hex; ignores spaces and line breaks. Throws a RangeError for anything else. */
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
 * Bytes from base64, RFC 4648 §4; ignores line breaks and spaces. Throws a RangeError for anything else, including
 * missing padding and non-zero spare bits.
 */
export function fromBase64(text: string): Bytes {
  const clean = text.replace(/\s+/g, "");
  const binary = decodeBase64(clean);
  // `atob` accepts text without padding and ignores spare bits.
  if (binary === undefined || btoa(binary) !== clean) throw new RangeError("not base64");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function decodeBase64(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

/** ASCII text as bytes. Throws a RangeError for text that is not ASCII. */
export function ascii(text: string): Bytes {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) throw new RangeError("not ASCII");
    out[i] = code;
  }
  return out;
}

/** Bytes as text: each byte becomes the character with that code. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/** A number of 16 bits as TLS registries write it, such as `0x0303`. */
export const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;
