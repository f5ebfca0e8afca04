import { describe, expect, test, vi } from "vitest";
import { type MemoryPairOptions, memoryPair } from "../src/memoryPair.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);
const macrotask = () => new Promise((resolve) => setTimeout(resolve, 0));

function start(options?: MemoryPairOptions) {
  const pair = memoryPair(options);
  const log: string[] = [];
  for (const side of ["a", "b"] as const) {
    pair[side].start({
      data: (data) => log.push(`${side} ${text(data)}`),
      drain: () => log.push(`${side} drain`),
      end: () => log.push(`${side} end`),
      error: (error) => log.push(`${side} ${error.message}`),
    });
  }
  return { ...pair, log };
}

describe("memoryPair", () => {
  test("delivers the bytes of each send in one piece, in a microtask", async () => {
    const { a, b, log } = start();
    a.send(bytes("one"));
    a.send(bytes("two"));
    b.send(bytes("three"));
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log.sort()).toEqual(["a three", "b one", "b two"]);
  });

  test.each([
    ["single bytes", 1, ["b o", "b n", "b e", "b t", "b w", "b o"]],
    ["pieces of 4 bytes", 4, ["b onet", "b wo"]],
    ["one piece", Number.POSITIVE_INFINITY, ["b onetwo"]],
    ["the pieces that a function returns", (all: Uint8Array) => [all.subarray(0, 5)], ["b onetw"]],
  ])("delivers by `chunk`: %s", async (_name, chunk, expected) => {
    const { a, log } = start({ chunk });
    a.send(bytes("one"));
    a.send(bytes("two"));
    await macrotask();
    expect(log).toEqual(expected);
  });

  test("alters or drops bytes, with a function that gets the direction", async () => {
    const { a, b, log } = start({
      alter: (data, direction) => (text(data) === "drop" ? undefined : bytes(`${direction} ${text(data)}`)),
    });
    a.send(bytes("drop"));
    a.send(bytes("keep"));
    b.send(bytes("keep"));
    await macrotask();
    expect(log.sort()).toEqual(["a b->a keep", "b a->b keep"]);
  });

  test("a delay keeps the order", async () => {
    vi.useFakeTimers();
    try {
      let ms = 30;
      const { a, log } = start({ delay: () => (ms -= 10) });
      a.send(bytes("one"));
      await vi.advanceTimersByTimeAsync(9);
      expect(log).toEqual([]);
      a.send(bytes("two"));
      a.end();
      await vi.advanceTimersByTimeAsync(60);
      expect(log).toEqual(["b one", "b two", "b end"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("cut ends both directions after the bytes sent before", async () => {
    const { a, b, log, cut } = start();
    a.send(bytes("one"));
    cut();
    a.send(bytes("too late"));
    b.send(bytes("too late"));
    await macrotask();
    expect(log.sort()).toEqual(["a end", "b end", "b one"]);
  });

  test("fail breaks both sides at once and loses bytes on the way", async () => {
    const { a, log, fail } = start();
    a.send(bytes("lost"));
    fail(new Error("reset"));
    await macrotask();
    expect(log.sort()).toEqual(["a reset", "b reset"]);
  });

  test("fail after the end causes an error on both sides", async () => {
    const { a, log, cut, fail } = start();
    a.send(bytes("one"));
    cut();
    await macrotask();
    fail(new Error("reset"));
    await macrotask();
    expect(log).toEqual(["a end", "b one", "b end", "b reset", "a reset"]);
  });

  test("gone ends both directions after the bytes sent before, and then both sides get an error", async () => {
    const { a, b, log, gone } = start();
    a.send(bytes("one"));
    gone(new Error("closed"));
    b.send(bytes("too late"));
    await macrotask();
    expect(log).toEqual(["a end", "a closed", "b one", "b end", "b closed"]);
    gone(new Error("again"));
    await macrotask();
    expect(log).toHaveLength(5);
  });

  test("gone waits for a receiver that has paused", async () => {
    const { a, b, log, gone } = start();
    b.pause();
    a.send(bytes("one"));
    gone(new Error("closed"));
    await macrotask();
    expect(log).toEqual(["a end", "a closed"]);
    b.resume();
    await macrotask();
    expect(log).toEqual(["a end", "a closed", "b one", "b end", "b closed"]);
  });

  test("a side that has aborted gets no event from gone", async () => {
    const { a, log, gone } = start();
    a.abort("done");
    gone(new Error("closed"));
    await macrotask();
    expect(log).toEqual(["b end", "b closed"]);
  });
});
