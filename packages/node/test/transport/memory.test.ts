import { expect, test } from "vitest";
import { memory } from "../../src/transport/memory.ts";

const record = 2 ** 14 + 29;

test("a block that was given back is lent again, once", () => {
  const first = memory.take(16 * record);
  expect(first.length).toBe(16 * record);
  memory.give(first);
  memory.give(first);
  expect(memory.take(16 * record).buffer).toBe(first.buffer);
  expect(memory.take(16 * record).buffer).not.toBe(first.buffer);
});

test("a block is lent again after every byte was given back, in any pieces; other memory is ignored", () => {
  const block = memory.take(3 * record);
  memory.give(block.subarray(record, 2 * record));
  memory.give(block.subarray(0, record));
  expect(memory.take(3 * record).buffer).not.toBe(block.buffer);
  memory.give(block.subarray(2 * record));
  expect(memory.take(4 * record).buffer).toBe(block.buffer);
  const otherMemory = new Uint8Array(block.buffer.byteLength);
  memory.give(otherMemory);
  expect(memory.take(4 * record).buffer).not.toBe(otherMemory.buffer);
});

test("small and huge arrays are exactly as long as requested, and are not lent again", () => {
  for (const length of [0, 100, 2 ** 20]) {
    const bytes = memory.take(length);
    expect(bytes.buffer.byteLength).toBe(length);
    memory.give(bytes);
    expect(memory.take(length).buffer).not.toBe(bytes.buffer);
  }
});

test("at most 4 MiB are kept for reuse", () => {
  const arrays = Array.from({ length: 40 }, () => memory.take(16 * record));
  const buffers = new Set(arrays.map(({ buffer }) => buffer));
  for (const block of arrays) memory.give(block);
  const reused = Array.from({ length: 40 }, () => memory.take(16 * record)).filter(({ buffer }) => buffers.has(buffer));
  expect(reused.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeGreaterThan(3 * 2 ** 20);
  expect(reused.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeLessThanOrEqual(2 ** 22);
});
