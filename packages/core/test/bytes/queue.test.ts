import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equal, join } from "../../src/bytes/bytes.ts";
import { ByteQueue } from "../../src/bytes/queue.ts";

const drain = (queue: ByteQueue): Uint8Array[] => {
  const all: Uint8Array[] = [];
  for (let piece = queue.shift(); piece; piece = queue.shift()) all.push(piece);
  return all;
};

/** The total length of the buffers that the pieces in the queue reference. */
const referencedBytes = (queue: ByteQueue): number => {
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < queue.count; i++) buffers.add((queue.at(i) as Uint8Array).buffer);
  let bytes = 0;
  for (const { byteLength } of buffers) bytes += byteLength;
  return bytes;
};

describe("a queue of bytes", () => {
  test("returns the bytes in order, for any sequence of pushes and shifts", () => {
    const step = fc.oneof(fc.constant("shift" as const), fc.integer({ min: 1, max: 600 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new ByteQueue();
        const pushed: Uint8Array[] = [];
        const shifted: Uint8Array[] = [];
        let next = 0;
        for (const action of steps) {
          if (action === "shift") {
            const piece = queue.shift();
            if (!piece) continue;
            shifted.push(piece.slice());
            // The piece now belongs to the caller, which may overwrite it.
            piece.fill(0xee);
            continue;
          }
          const bytes = Uint8Array.from({ length: action }, () => next++);
          pushed.push(bytes.slice());
          const before = queue.count;
          const joined = queue.push(bytes);
          expect(queue.count).toBe(joined ? before : before + 1);
        }
        expect(join([...shifted, ...drain(queue)])).toEqual(join(pushed));
        expect(queue.count).toBe(0);
        expect(queue.at(0)).toBeUndefined();
      }),
    );
  });

  test("copies neither large pieces nor the first piece", () => {
    const queue = new ByteQueue();
    const pieces = [new Uint8Array(1), new Uint8Array(256), new Uint8Array(2000)];
    for (const piece of pieces) expect(queue.push(piece)).toBe(false);
    expect(drain(queue)).toEqual(pieces.map((piece) => expect.toSatisfy((one: unknown) => one === piece)));
  });

  test("references less than 110,000 bytes of memory for 100,000 pieces of one byte", () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 100_000; i++) queue.push(Uint8Array.of(i));
    expect(queue.count).toBeLessThan(40);
    expect(referencedBytes(queue)).toBeLessThan(110_000);
  });

  test("references at most about three times as many bytes as it holds, if small pieces are between large ones", () => {
    for (const sizes of [
      [1, 256],
      [1, 1, 256],
      [255, 255, 4, 255, 256],
    ]) {
      const queue = new ByteQueue();
      let total = 0;
      for (let i = 0; i < 3000; i++) {
        const size = sizes[i % sizes.length] as number;
        queue.push(new Uint8Array(size));
        total += size;
      }
      expect(referencedBytes(queue)).toBeLessThan(3 * total + 4096);
    }
  });

  test("never writes to the buffer of a piece that was taken", () => {
    const queue = new ByteQueue();
    const taken: { readonly piece: Uint8Array; readonly asTaken: Uint8Array }[] = [];
    for (let i = 0; i < 3000; i++) {
      queue.push(Uint8Array.of(i % 251, i % 241));
      if (i % 7) continue;
      const piece = queue.shift() as Uint8Array;
      taken.push({ piece, asTaken: new Uint8Array(piece.buffer).slice() });
    }
    for (const { piece, asTaken } of taken) expect(equal(new Uint8Array(piece.buffer), asTaken)).toBe(true);
  });

  test("returns the other bytes unchanged after a caller has transferred the buffer of a piece", () => {
    const queue = new ByteQueue();
    const shifted: number[] = [];
    for (let i = 0; i < 2000; i++) {
      queue.push(Uint8Array.of(i & 255));
      if (i % 3) continue;
      const piece = queue.shift() as Uint8Array;
      shifted.push(...piece);
      structuredClone(piece.buffer, { transfer: [piece.buffer as ArrayBuffer] });
      expect(piece.length).toBe(0);
    }
    shifted.push(...join(drain(queue)));
    expect(shifted).toEqual(Array.from({ length: 2000 }, (_, i) => i & 255));
  });

  test("shifts in constant time: the work does not grow with the length of the queue", () => {
    // This counts the array elements that `slice` copies, because times would vary.
    const { slice } = Array.prototype;
    let [moved, calls] = [0, 0];
    Array.prototype.slice = function <T>(this: T[], ...range: number[]): T[] {
      const copy = slice.apply(this, range as [number?, number?]) as T[];
      moved += copy.length;
      calls++;
      return copy;
    };
    try {
      const queue = new ByteQueue();
      const piece = new Uint8Array(256);
      const count = 50_000;
      for (let i = 0; i < count; i++) queue.push(piece);
      let same = 0;
      for (let i = 0; i < count; i++) if (queue.shift() === piece) same++;
      expect(same).toBe(count);
      expect(moved).toBeLessThanOrEqual(count);
      // A queue that is never empty still frees the array elements of the pieces that were taken.
      queue.push(piece);
      calls = 0;
      for (let i = 0; i < count; i++) {
        queue.push(piece);
        queue.shift();
      }
      expect(queue.count).toBe(1);
      expect(calls).toBeGreaterThan(count / 100);
      expect(moved).toBeLessThanOrEqual(2 * count);
    } finally {
      Array.prototype.slice = slice;
    }
  });
});
