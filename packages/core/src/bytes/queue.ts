import { itemOverhead } from "../limits.ts";

/**
 * Pieces below `itemOverhead` bytes are put together in buffers: the first has the least length, and each one behind a
 * full one is twice as long, up to the most. If all had the most, a peer that sends a large piece behind each small one
 * would make us hold many times its bytes.
 */
const leastJoint = 2 * itemOverhead;
const mostJoint = 2 ** 12;

/**
 * Pieces of bytes, first in, first out, in constant time. Small pieces behind others share a buffer: one by one they
 * would cost a hundred times their bytes.
 */
export class ByteQueue {
  #pieces: (Uint8Array | undefined)[] = [];
  #head = 0;
  #joint: Uint8Array | undefined;

  /** Pieces that wait. */
  get count(): number {
    return this.#pieces.length - this.#head;
  }

  /** The piece at this place, 0 for the first. */
  at(index: number): Uint8Array | undefined {
    return this.#pieces[this.#head + index];
  }

  /** Adds bytes at the end. True if they joined the last piece. */
  push(bytes: Uint8Array): boolean {
    const last = this.at(this.count - 1);
    if (bytes.length >= itemOverhead || !last) {
      this.#pieces.push(bytes);
      return false;
    }
    const joint = last.buffer === this.#joint?.buffer ? this.#joint : undefined;
    const end = last.byteOffset + last.length;
    if (joint && end + bytes.length <= joint.length) {
      joint.set(bytes, end);
      this.#pieces[this.#pieces.length - 1] = joint.subarray(last.byteOffset, end + bytes.length);
      return true;
    }
    this.#joint = new Uint8Array(joint ? Math.min(mostJoint, 2 * joint.length) : leastJoint);
    this.#joint.set(bytes);
    this.#pieces.push(this.#joint.subarray(0, bytes.length));
    return false;
  }

  /** Takes the first piece. Its buffer belongs to the caller from now on: nothing more is put there. */
  shift(): Uint8Array | undefined {
    const first = this.#pieces[this.#head];
    if (!first) return undefined;
    if (first.buffer === this.#joint?.buffer) this.#joint = undefined;
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
