/**
 * Memory that records are built in, and that is lent again once it is sent: new memory for every message costs its page faults and its collection,
 * together as much as sealing what is in it.
 * @module
 */
import type { Memory } from "@handclasp/core";

/** A record of 16 KiB with its header, nonce and tag fits the smallest, sixteen of them the largest. */
const smallest = 2 ** 14 + 2 ** 6;
const largest: number = smallest * 16;
/** What is kept for later, in all, bytes. */
const mostSpare = 2 ** 22;

/** By size. What is in them is ciphertext that was sent, and is written over before it is looked at. */
const spare = new Map<number, ArrayBuffer[]>();
let spareBytes = 0;
/** Bytes that are lent and not given back yet. A buffer that never gets all of them back is left to the collector. */
const lent = new WeakMap<ArrayBufferLike, number>();

/** Of the whole process: what one connection gave back, another may get. */
export const memory: Memory = {
  take(length) {
    let size = smallest;
    while (size < length) size *= 2;
    // What is far too large for a record of its own would be wasted on it.
    if (size > largest || length < smallest / 2) return new Uint8Array(uncleared(length));
    const buffer = spare.get(size)?.pop();
    if (buffer) spareBytes -= size;
    const slab = buffer ?? uncleared(size);
    lent.set(slab, length);
    return new Uint8Array(slab, 0, length);
  },

  give({ buffer, length }) {
    const out = lent.get(buffer);
    if (out === undefined) return;
    if (out > length) {
      lent.set(buffer, out - length);
      return;
    }
    lent.delete(buffer);
    if (spareBytes + buffer.byteLength > mostSpare) return;
    spareBytes += buffer.byteLength;
    const list = spare.get(buffer.byteLength);
    if (list) list.push(buffer as ArrayBuffer);
    else spare.set(buffer.byteLength, [buffer as ArrayBuffer]);
  },
};

/** Clearing 16 KiB takes half as long as sealing them; and what the pool of Buffer gives is never a whole ArrayBuffer. */
const uncleared = (length: number): ArrayBuffer => Buffer.allocUnsafeSlow(length).buffer;
