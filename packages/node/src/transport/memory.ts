/**
 * The memory in which records are built. A block is reused after its bytes were sent: page faults and garbage
 * collection of new memory for every message would cost as much as the encryption of the message.
 * @module
 */
import type { Memory } from "@handclasp/core";

/**
 * Block sizes, in bytes. The smallest block holds a record of 16 KiB with its header, nonce and tag; the largest holds
 * 16 of them.
 */
const smallestBlock = 2 ** 14 + 2 ** 6;
const largestBlock: number = smallestBlock * 16;
/** The most bytes that are kept for reuse. */
const maxSpareBytes = 2 ** 22;

/** Blocks to reuse, by size. They contain ciphertext that was sent; it is overwritten before anything reads it. */
const spareBlocks = new Map<number, ArrayBuffer[]>();
let spareBytes = 0;
/**
 * For each block, the number of lent bytes that were not given back yet. If some bytes of a block are never given back,
 * the garbage collector frees the block.
 */
const lentBytes = new WeakMap<ArrayBufferLike, number>();

/** The memory of the whole process: a connection may get a block that another one gave back. */
export const memory: Memory = {
  allocate(length) {
    let size = smallestBlock;
    while (size < length) size *= 2;
    // No block is that large, or a small record would waste most of one.
    if (size > largestBlock || length < smallestBlock / 2) return new Uint8Array(allocateUncleared(length));
    const buffer = spareBlocks.get(size)?.pop();
    if (buffer) spareBytes -= size;
    const block = buffer ?? allocateUncleared(size);
    lentBytes.set(block, length);
    return new Uint8Array(block, 0, length);
  },

  release({ buffer, length }) {
    const remaining = lentBytes.get(buffer);
    if (remaining === undefined) return;
    if (remaining > length) {
      lentBytes.set(buffer, remaining - length);
      return;
    }
    lentBytes.delete(buffer);
    if (spareBytes + buffer.byteLength > maxSpareBytes) return;
    spareBytes += buffer.byteLength;
    const list = spareBlocks.get(buffer.byteLength);
    if (list) list.push(buffer as ArrayBuffer);
    else spareBlocks.set(buffer.byteLength, [buffer as ArrayBuffer]);
  },
};

/**
 * Allocates memory without clearing it: clearing 16 KiB takes half as long as encrypting them. `allocUnsafeSlow`
 * bypasses Buffer's pool, whose buffers share one ArrayBuffer.
 */
const allocateUncleared = (length: number): ArrayBuffer => Buffer.allocUnsafeSlow(length).buffer;
