import { itemOverhead } from "../limits.ts";

/**
 * The lengths of shared buffers, in bytes. Pieces shorter than `itemOverhead` that follow another piece share buffers.
 * The first shared buffer has the minimum length, and each buffer after a full one is twice as long, up to the maximum.
 * If every buffer had the maximum length, a peer that sends a large piece after each small one would make us store many
 * times the bytes that it sent.
 */
const minSharedLength = 2 * itemOverhead;
const maxSharedLength = 2 ** 12;

/**
 * A first-in, first-out queue of byte arrays, whose operations take constant time on average. Small pieces share a
 * buffer, because an array of its own for each would take a hundred times as much memory as its bytes.
 */
export class ByteQueue {
  #pieces: (Uint8Array | undefined)[] = [];
  #head = 0;
  #sharedBuffer: Uint8Array | undefined;

  /** The number of pieces in the queue. */
  get count(): number {
    return this.#pieces.length - this.#head;
  }

  /** The piece at this index; 0 is the first. */
  at(index: number): Uint8Array | undefined {
    return this.#pieces[this.#head + index];
  }

  /** Adds bytes at the end. Returns true if they became part of the last piece. */
  push(bytes: Uint8Array): boolean {
    const last = this.at(this.count - 1);
    if (bytes.length >= itemOverhead || !last) {
      this.#pieces.push(bytes);
      return false;
    }
    const shared = last.buffer === this.#sharedBuffer?.buffer ? this.#sharedBuffer : undefined;
    const end = last.byteOffset + last.length;
    if (shared && end + bytes.length <= shared.length) {
      shared.set(bytes, end);
      this.#pieces[this.#pieces.length - 1] = shared.subarray(last.byteOffset, end + bytes.length);
      return true;
    }
    this.#sharedBuffer = new Uint8Array(shared ? Math.min(maxSharedLength, 2 * shared.length) : minSharedLength);
    this.#sharedBuffer.set(bytes);
    this.#pieces.push(this.#sharedBuffer.subarray(0, bytes.length));
    return false;
  }

  /** Removes the first piece. Its buffer then belongs to the caller, and the queue never writes to it again. */
  shift(): Uint8Array | undefined {
    const first = this.#pieces[this.#head];
    if (!first) return undefined;
    if (first.buffer === this.#sharedBuffer?.buffer) this.#sharedBuffer = undefined;
    this.#pieces[this.#head++] = undefined;
    if (this.#head === this.#pieces.length) {
      this.#pieces = [];
      this.#head = 0;
    } else if (this.#head > 64 && 2 * this.#head > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }
}
