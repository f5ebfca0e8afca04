import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FaultyDirection } from "../src/faults/faultyDirection.ts";
import type { Leg } from "../src/faults/leg.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A direction with a fault, and the content of the records that its receiver has got, with the end. */
function directionWith(fault: ConstructorParameters<typeof FaultyDirection>[2]) {
  const received: string[] = [];
  const leg = (): Leg => ({
    start() {},
    send: (bytes) => void received.push(Buffer.from(bytes.subarray(-1)).toString()),
    sendText() {},
    end: () => void received.push("end"),
    reset() {},
  });
  return { received, direction: new FaultyDirection(leg(), leg(), fault) };
}

const record = (content: string): Buffer => Buffer.concat([Buffer.from([23, 3, 3, 0, 1]), Buffer.from(content)]);

test("delay makes records that arrive together equally late", async () => {
  const { received, direction } = directionWith({ kind: "delay", from: "client", ms: 1_000 });
  direction.data(Buffer.concat([record("a"), record("b"), record("c")]));
  direction.end(1000);
  await vi.advanceTimersByTimeAsync(999);
  expect(received).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(received).toEqual(["a", "b", "c", "end"]);
});

test("slow spaces the bytes of records that arrive together", async () => {
  const { received, direction } = directionWith({ kind: "slow", from: "client", after: 5, ms: 1_000 });
  direction.data(Buffer.concat([record("a"), record("b")]));
  direction.end(1000);
  // One byte of the first record is left, and six of the second one follow.
  for (let sent = 0; sent < 7; sent++) {
    await vi.advanceTimersByTimeAsync(999);
    expect(received).toHaveLength(sent + 1);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(received.at(-1)).toBe("end");
});

test("after stop, nothing late arrives", async () => {
  const { received, direction } = directionWith({ kind: "delay", from: "client", ms: 1_000 });
  direction.data(record("a"));
  direction.stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(received).toEqual([]);
});
