import { expect, test } from "vitest";
import { Inbox } from "../../src/transport/inbox.ts";

function start(onData: (inbox: Inbox) => void = () => {}) {
  const inbox = new Inbox();
  const log: string[] = [];
  inbox.start({
    data: (bytes) => {
      log.push(String(bytes));
      onData(inbox);
    },
    drain: () => log.push("drain"),
    end: () => log.push("end"),
    error: ({ message }) => log.push(message),
  });
  return { inbox, log };
}

test("an error comes at once though the receiver has paused, behind what it held back", async () => {
  const { inbox, log } = start();
  inbox.pause();
  inbox.data(Uint8Array.of(1));
  inbox.data(Uint8Array.of(2));
  inbox.end();
  await Promise.resolve();
  expect(log).toEqual([]);
  inbox.error(new Error("gone"));
  expect(log).toEqual([]);
  await Promise.resolve();
  expect(log).toEqual(["1", "2", "end", "gone"]);
  inbox.error(new Error("again"));
  inbox.drain();
  await Promise.resolve();
  expect(log).toHaveLength(4);
});

test("a reader that pauses after each piece does not delay the error", async () => {
  const { inbox, log } = start((inbox) => inbox.pause());
  inbox.data(Uint8Array.of(1));
  inbox.data(Uint8Array.of(2));
  inbox.data(Uint8Array.of(3));
  expect(log).toEqual(["1"]);
  inbox.error(new Error("gone"));
  await Promise.resolve();
  expect(log).toEqual(["1", "2", "3", "gone"]);
});
