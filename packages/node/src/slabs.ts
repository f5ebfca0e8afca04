/**
 * Memory that records are built in, and that is used again once it is sent: new memory for every flush costs its page faults and its
 * collection, together as much as sealing what is in it.
 * @module
 */

/** A record of 16 KiB with its header, nonce and tag fits the smallest, sixteen of them the largest. */
const smallest = 2 ** 14 + 2 ** 6;
const largest: number = smallest * 16;
/** What is kept for later, in all, bytes. */
const mostSpare = 2 ** 22;

/** By size. What is in them is ciphertext that was sent, and is written over before it is looked at. */
const spare = new Map<number, ArrayBuffer[]>();
let spareBytes = 0;
/** Those that are out. Who never brings one back leaves it to the collector. */
const lent = new WeakSet<ArrayBuffer>();

/** So many bytes of any contents. */
export function allocate(length: number): Uint8Array {
  let size = smallest;
  while (size < length) size *= 2;
  // What is far too large for a record of its own would be wasted on it.
  if (size > largest || length < smallest / 2) return new Uint8Array(uncleared(length));
  const buffer = spare.get(size)?.pop();
  if (buffer) spareBytes -= size;
  const slab = buffer ?? uncleared(size);
  lent.add(slab);
  return new Uint8Array(slab, 0, length);
}

/** Nobody reads these bytes any more: where `allocate` gave them, it may give them again. */
export function release({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || !lent.delete(buffer) || spareBytes + buffer.byteLength > mostSpare) return;
  spareBytes += buffer.byteLength;
  const list = spare.get(buffer.byteLength);
  if (list) list.push(buffer);
  else spare.set(buffer.byteLength, [buffer]);
}

/** Clearing 16 KiB takes half as long as sealing them; and what the pool of Buffer gives is never a whole ArrayBuffer. */
const uncleared = (length: number): ArrayBuffer => Buffer.allocUnsafeSlow(length).buffer;
