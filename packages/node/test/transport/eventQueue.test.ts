import { expect, test } from "vitest";
import { EventQueue } from "../../src/transport/eventQueue.ts";

function start(onData: (queue: EventQueue) => void = () => {}) {
  const queue = new EventQueue();
  const log: string[] = [];
  queue.start({
    data: (bytes) => {
      log.push(String(bytes));
      onData(queue);
    },
    drain: () => log.push("drain"),
    end: () => log.push("end"),
    error: ({ message }) => log.push(message),
  });
  return { queue, log };
}

test("an error is delivered although the receiver has paused, after the events that wait", async () => {
  const { queue, log } = start();
  queue.pause();
  queue.data(Uint8Array.of(1));
  queue.data(Uint8Array.of(2));
  queue.end();
  await Promise.resolve();
  expect(log).toEqual([]);
  queue.error(new Error("gone"));
  expect(log).toEqual([]);
  await Promise.resolve();
  expect(log).toEqual(["1", "2", "end", "gone"]);
  queue.error(new Error("again"));
  queue.drain();
  await Promise.resolve();
  expect(log).toHaveLength(4);
});

test("a receiver that pauses at each event does not delay the error", async () => {
  const { queue, log } = start((queue) => queue.pause());
  queue.data(Uint8Array.of(1));
  queue.data(Uint8Array.of(2));
  queue.data(Uint8Array.of(3));
  expect(log).toEqual(["1"]);
  queue.error(new Error("gone"));
  await Promise.resolve();
  expect(log).toEqual(["1", "2", "3", "gone"]);
});
