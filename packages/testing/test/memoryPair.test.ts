import { describe, expect, test, vi } from "vitest";
import { type MemoryPairOptions, memoryPair } from "../src/memoryPair.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (what: string) => new TextEncoder().encode(what);
const later = () => new Promise((resolve) => setTimeout(resolve, 0));

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
  test("delivers as it was sent, in a microtask", async () => {
    const { a, b, log } = start();
    a.send(bytes("one"));
    a.send(bytes("two"));
    b.send(bytes("three"));
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log.sort()).toEqual(["a three", "b one", "b two"]);
  });

  test.each([
    ["byte by byte", 1, ["b o", "b n", "b e", "b t", "b w", "b o"]],
    ["in pieces", 4, ["b onet", "b wo"]],
    ["joined", Number.POSITIVE_INFINITY, ["b onetwo"]],
    ["as a function wants", (all: Uint8Array) => [all.subarray(0, 5)], ["b onetw"]],
  ])("cuts and joins: %s", async (_name, chunk, wanted) => {
    const { a, log } = start({ chunk });
    a.send(bytes("one"));
    a.send(bytes("two"));
    await later();
    expect(log).toEqual(wanted);
  });

  test("alters, drops and knows the direction", async () => {
    const { a, b, log } = start({
      alter: (data, direction) => (text(data) === "drop" ? undefined : bytes(`${direction} ${text(data)}`)),
    });
    a.send(bytes("drop"));
    a.send(bytes("keep"));
    b.send(bytes("keep"));
    await later();
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

  test("cut ends both sides after what was sent", async () => {
    const { a, b, log, cut } = start();
    a.send(bytes("one"));
    cut();
    a.send(bytes("too late"));
    b.send(bytes("too late"));
    await later();
    expect(log.sort()).toEqual(["a end", "b end", "b one"]);
  });

  test("fail breaks both sides at once", async () => {
    const { a, log, fail } = start();
    a.send(bytes("lost"));
    fail(new Error("reset"));
    await later();
    expect(log.sort()).toEqual(["a reset", "b reset"]);
  });

  test("an error may follow the end: the carrier is then gone both ways", async () => {
    const { a, log, cut, fail } = start();
    a.send(bytes("one"));
    cut();
    await later();
    fail(new Error("reset"));
    await later();
    expect(log).toEqual(["a end", "b one", "b end", "b reset", "a reset"]);
  });

  test("gone ends both sides after what was sent, and breaks them behind that", async () => {
    const { a, b, log, gone } = start();
    a.send(bytes("one"));
    gone(new Error("closed"));
    b.send(bytes("too late"));
    await later();
    expect(log).toEqual(["a end", "a closed", "b one", "b end", "b closed"]);
    gone(new Error("again"));
    await later();
    expect(log).toHaveLength(5);
  });

  test("gone waits for a receiver that has paused", async () => {
    const { a, b, log, gone } = start();
    b.pause();
    a.send(bytes("one"));
    gone(new Error("closed"));
    await later();
    expect(log).toEqual(["a end", "a closed"]);
    b.resume();
    await later();
    expect(log).toEqual(["a end", "a closed", "b one", "b end", "b closed"]);
  });

  test("an end that has aborted hears nothing of it", async () => {
    const { a, log, gone } = start();
    a.abort("done");
    gone(new Error("closed"));
    await later();
    expect(log).toEqual(["b end", "b closed"]);
  });
});
