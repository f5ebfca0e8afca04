/**
 * A pool of the buffers that records are built in. A buffer is reused after its records are sent: the page faults and
 * the garbage collection of a new buffer cost as much as sealing the records in it.
 * @module
 */
import type { Memory } from "@handclasp/core";

/** The smallest buffer has room for a record of 16 KiB with its header, nonce and tag, the largest for sixteen. */
const smallest = 2 ** 14 + 2 ** 6;
const largest: number = smallest * 16;
/** The most bytes that the pool keeps for reuse. */
const maxFree = 2 ** 22;

/**
 * The free buffers by size. They still hold ciphertext that was sent, which is overwritten before anything reads it.
 */
const free = new Map<number, ArrayBuffer[]>();
let freeBytes = 0;
/** The bytes of each buffer that are still in use. A buffer that does not get all of them back is garbage-collected. */
const inUse = new WeakMap<ArrayBufferLike, number>();

/** The pool of the process: all its connections share it. */
export const memory: Memory = {
  take(length) {
    let size = smallest;
    while (size < length) size *= 2;
    // A short message would waste most of a pooled buffer.
    if (size > largest || length < smallest / 2) return new Uint8Array(allocate(length));
    const buffer = free.get(size)?.pop();
    if (buffer) freeBytes -= size;
    const chunk = buffer ?? allocate(size);
    inUse.set(chunk, length);
    return new Uint8Array(chunk, 0, length);
  },

  give({ buffer, length }) {
    const used = inUse.get(buffer);
    if (used === undefined) return;
    if (used > length) {
      inUse.set(buffer, used - length);
      return;
    }
    inUse.delete(buffer);
    if (freeBytes + buffer.byteLength > maxFree) return;
    freeBytes += buffer.byteLength;
    const list = free.get(buffer.byteLength);
    if (list) list.push(buffer as ArrayBuffer);
    else free.set(buffer.byteLength, [buffer as ArrayBuffer]);
  },
};

/**
 * Not zero-filled: that takes half as long as sealing the same bytes. `allocUnsafe` would return a part of the pool of
 * `Buffer`, not a whole ArrayBuffer.
 */
const allocate = (length: number): ArrayBuffer => Buffer.allocUnsafeSlow(length).buffer;
