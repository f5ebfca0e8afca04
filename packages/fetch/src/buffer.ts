/**
 * The two functions of Node's Buffer that bare-http-parser calls here. The build replaces the parser's global `Buffer`
 * by this object, because a page has no Buffer, and a page's global must stay as it is.
 * @module
 */
export const Buffer = {
  from: (bytes: Iterable<number>): Uint8Array => Uint8Array.from(bytes),
  alloc: (length: number): Uint8Array => new Uint8Array(length),
};
