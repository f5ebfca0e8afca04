import { expect, test } from "vitest";
import { memory } from "../../src/transport/memory.ts";

const record = 2 ** 14 + 29;

test("memory that was given back is lent again, once", () => {
  const first = memory.take(16 * record);
  expect(first.length).toBe(16 * record);
  memory.give(first);
  memory.give(first);
  expect(memory.take(16 * record).buffer).toBe(first.buffer);
  expect(memory.take(16 * record).buffer).not.toBe(first.buffer);
});

test("it is lent again once every byte is back, in whatever pieces; memory from elsewhere is not taken", () => {
  const slab = memory.take(3 * record);
  memory.give(slab.subarray(record, 2 * record));
  memory.give(slab.subarray(0, record));
  expect(memory.take(3 * record).buffer).not.toBe(slab.buffer);
  memory.give(slab.subarray(2 * record));
  expect(memory.take(4 * record).buffer).toBe(slab.buffer);
  const foreign = new Uint8Array(slab.buffer.byteLength);
  memory.give(foreign);
  expect(memory.take(4 * record).buffer).not.toBe(foreign.buffer);
});

test("small and huge ones are exactly as long as asked, and not lent again", () => {
  for (const length of [0, 100, 2 ** 20]) {
    const bytes = memory.take(length);
    expect(bytes.buffer.byteLength).toBe(length);
    memory.give(bytes);
    expect(memory.take(length).buffer).not.toBe(bytes.buffer);
  }
});

test("no more than 4 MiB are kept", () => {
  const many = Array.from({ length: 40 }, () => memory.take(16 * record));
  const buffers = new Set(many.map(({ buffer }) => buffer));
  for (const slab of many) memory.give(slab);
  const again = Array.from({ length: 40 }, () => memory.take(16 * record)).filter(({ buffer }) => buffers.has(buffer));
  expect(again.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeGreaterThan(3 * 2 ** 20);
  expect(again.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeLessThanOrEqual(2 ** 22);
});
