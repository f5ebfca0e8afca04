/** The ticket keys of a server that was given none: they change and go with time, used or not. */

import { connect, keepSessions, memoryStore } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { rotatingKeys } from "../../src/handshake/resumption/tickets.ts";

const lifetime = 100;
const s = 1000;

function keysAt(start: number) {
  let time = start;
  let made = 0;
  const timers: { at: number; task: () => void }[] = [];
  const keys = rotatingKeys(
    (length) => new Uint8Array(length).fill(++made),
    () => time,
    lifetime,
    (ms, task) => timers.push({ at: time + ms, task }),
  );
  return {
    /** The keys in use, by their number. */
    at(when: number): number[] {
      time = when;
      return (keys() as readonly Uint8Array[]).map(([first = 0]) => first);
    },
    /** The arrays themselves. */
    live: () => keys() as readonly Uint8Array[],
    timers,
    /** Lets time pass, in which nobody connects. */
    idle(until: number): void {
      for (let next = timers.shift(); next; next = timers.shift()) {
        if (next.at > until) {
          timers.unshift(next);
          break;
        }
        time = next.at;
        next.task();
      }
      time = until;
    },
  };
}

test("change at the end of their window, not so long after they were used", () => {
  const { at } = keysAt(0);
  expect(at(0)).toEqual([1]);
  expect(at(99.9 * s)).toEqual([1]);
  // The second window began at 100 s, though nobody came before 150 s.
  expect(at(150 * s)).toEqual([2, 1]);
  expect(at(199.9 * s)).toEqual([2, 1]);
  expect(at(200 * s)).toEqual([3, 2]);
  // Nobody came in the fourth: what began at 200 s has just not ended, and the fourth key is of the window that is running.
  expect(at(399.9 * s)).toEqual([4, 3]);
  expect(at(600 * s)).toEqual([5]);
});

test("a clock that was set back ends them: nobody knows how old they are", () => {
  const { at } = keysAt(1_000 * s);
  expect(at(1_000 * s)).toEqual([1]);
  expect(at(999 * s)).toEqual([2]);
  // By a clock that tells nothing there is no key, and no ticket.
  expect(at(Number.NaN)).toEqual([]);
});

test("are wiped when their time is over, at the next use or, where there is none, without it", () => {
  const used = keysAt(0);
  const [first] = used.live();
  used.at(150 * s);
  const [second] = used.live();
  expect(first?.[0]).toBe(1);
  used.at(200 * s);
  expect(first?.every((byte) => byte === 0)).toBe(true);
  expect(second?.[0]).toBe(2);

  const idle = keysAt(0);
  const [old] = idle.live();
  idle.at(150 * s);
  const [last] = idle.live();
  idle.idle(199 * s);
  expect(old?.[0]).toBe(1);
  idle.idle(200 * s);
  expect(old?.every((byte) => byte === 0)).toBe(true);
  expect(last?.[0]).toBe(2);
  idle.idle(300 * s);
  expect(last?.every((byte) => byte === 0)).toBe(true);
  // Nothing is left to wait for.
  expect(idle.timers).toEqual([]);
});

test("a server waits with a timer that lets the process end, and then resumes nothing that it sealed", async () => {
  const timers: { ms: number | undefined; timer: NodeJS.Timeout; task: () => void }[] = [];
  const set = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation((task: () => void, ms?: number) => {
    const timer = set(task, ms);
    timers.push({ ms, timer, task });
    return timer;
  });
  const ca = await testCa();
  let time = Date.now();
  const now = () => time;
  const made: Uint8Array[] = [];
  const config = serverHandshakeConfig({
    provider: nodeCrypto,
    credentials: [nodeCredential(await ca.issue({ names: ["localhost"] }))],
    sessionStore: false,
    sessionLifetime: 7_200,
    now,
    random(length) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      if (length === 48) made.push(bytes);
      return bytes;
    },
  });
  const sessions = keepSessions({ store: memoryStore({ now }) });
  const visit = async (): Promise<boolean> => {
    const { a, b } = memoryPair();
    const server = acceptWith(config, b, {});
    const client = await connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", sessions });
    await Promise.all([client.close(), server.close()]);
    return client.session.resumed;
  };
  try {
    expect([await visit(), await visit()]).toEqual([false, true]);
    const [waiting, ...others] = timers.filter(({ ms }) => ms === 2 * 7_200 * s);
    expect(others).toEqual([]);
    expect(waiting?.timer.hasRef()).toBe(false);
    expect(made).toHaveLength(1);
    expect(made[0]?.some((byte) => byte !== 0)).toBe(true);
    time += 2 * 7_200 * s;
    waiting?.task();
    expect(made[0]?.every((byte) => byte === 0)).toBe(true);
    clearTimeout(waiting?.timer);
  } finally {
    spy.mockRestore();
  }
});
