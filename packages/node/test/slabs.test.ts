import { expect, test } from "vitest";
import { allocate, release } from "../src/slabs.ts";

const record = 2 ** 14 + 29;

test("what was brought back is given again, once", () => {
  const first = allocate(16 * record);
  expect(first.length).toBe(16 * record);
  release(first);
  release(first);
  expect(allocate(16 * record).buffer).toBe(first.buffer);
  expect(allocate(16 * record).buffer).not.toBe(first.buffer);
});

test("a part that went out alone brings the whole back; memory of others is not taken", () => {
  const slab = allocate(3 * record);
  release(slab.subarray(0, record));
  expect(allocate(4 * record).buffer).toBe(slab.buffer);
  const foreign = new Uint8Array(slab.buffer.byteLength);
  release(foreign);
  expect(allocate(4 * record).buffer).not.toBe(foreign.buffer);
});

test("small and huge ones are exactly as long as asked, and no slabs", () => {
  for (const length of [0, 100, 2 ** 20]) {
    const bytes = allocate(length);
    expect(bytes.buffer.byteLength).toBe(length);
    release(bytes);
    expect(allocate(length).buffer).not.toBe(bytes.buffer);
  }
});

test("no more than 4 MiB are kept", () => {
  const many = Array.from({ length: 40 }, () => allocate(16 * record));
  const buffers = new Set(many.map(({ buffer }) => buffer));
  for (const slab of many) release(slab);
  const again = Array.from({ length: 40 }, () => allocate(16 * record)).filter(({ buffer }) => buffers.has(buffer));
  expect(again.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeGreaterThan(3 * 2 ** 20);
  expect(again.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0)).toBeLessThanOrEqual(2 ** 22);
});
