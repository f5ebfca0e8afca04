/** The blocks of memory that all transports of a process share. @isolated */
import { expect, test } from "vitest";
import { memory } from "../../src/transport/memory.ts";

const record = 2 ** 14 + 29;

test("a block that was given back is lent again, once", () => {
  const first = memory.allocate(16 * record);
  expect(first.length).toBe(16 * record);
  memory.release(first);
  memory.release(first);
  expect(memory.allocate(16 * record).buffer).toBe(first.buffer);
  expect(memory.allocate(16 * record).buffer).not.toBe(first.buffer);
});

test("a block is lent again after every byte was given back, in any pieces; other memory is ignored", () => {
  const block = memory.allocate(3 * record);
  memory.release(block.subarray(record, 2 * record));
  memory.release(block.subarray(0, record));
  expect(memory.allocate(3 * record).buffer).not.toBe(block.buffer);
  memory.release(block.subarray(2 * record));
  expect(memory.allocate(4 * record).buffer).toBe(block.buffer);
  const otherMemory = new Uint8Array(block.buffer.byteLength);
  memory.release(otherMemory);
  expect(memory.allocate(4 * record).buffer).not.toBe(otherMemory.buffer);
});

test("small and huge arrays are exactly as long as requested, and are not lent again", () => {
  for (const length of [0, 100, 2 ** 20]) {
    const bytes = memory.allocate(length);
    expect(bytes.buffer.byteLength).toBe(length);
    memory.release(bytes);
    expect(memory.allocate(length).buffer).not.toBe(bytes.buffer);
  }
});

test("at most 4 MiB are kept for reuse", () => {
  const arrays = Array.from({ length: 40 }, () => memory.allocate(16 * record));
  const buffers = new Set(arrays.map(({ buffer }) => buffer));
  for (const block of arrays) memory.release(block);
  const reused = Array.from({ length: 40 }, () => memory.allocate(16 * record)).filter(({ buffer }) =>
    buffers.has(buffer),
  );
  expect(reused.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeGreaterThan(3 * 2 ** 20);
  expect(reused.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeLessThanOrEqual(2 ** 22);
});
