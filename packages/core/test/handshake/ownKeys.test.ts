/** Ticket keys: a server replaces and wipes those that it generates, used or unused. */

import { connect, keepSessions, memoryStore } from "@handclasp/core";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import { asyncProvider, memoryPair, testCa } from "@handclasp/testing";
import { expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import type { Aead } from "../../src/crypto/provider.ts";
import { type Awaitable, runFlow } from "../../src/flow.ts";
import { rotatingKeys, Tickets } from "../../src/handshake/resumption/tickets.ts";

const lifetime = 100;
const s = 1000;

function keysAt(start: number) {
  let time = start;
  let generated = 0;
  const timers: { at: number; task: () => void }[] = [];
  const keys = rotatingKeys(
    (length) => new Uint8Array(length).fill(++generated),
    () => time,
    lifetime,
    (ms, task) => timers.push({ at: time + ms, task }),
  );
  return {
    /** The numbers of the keys that are valid at the time `when`; the newest key is first. */
    at(when: number): number[] {
      time = when;
      return (keys() as readonly Uint8Array[]).map(([first = 0]) => first);
    },
    /** The arrays of the valid keys. */
    live: () => keys() as readonly Uint8Array[],
    timers,
    /** Lets time pass without connections. */
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

test("ticket keys change at the end of their window, however late they were first used", () => {
  const { at } = keysAt(0);
  expect(at(0)).toEqual([1]);
  expect(at(99.9 * s)).toEqual([1]);
  // The second window began at 100 s, although the first connection in it came at 150 s.
  expect(at(150 * s)).toEqual([2, 1]);
  expect(at(199.9 * s)).toEqual([2, 1]);
  expect(at(200 * s)).toEqual([3, 2]);
  // Key 3 is from the window that began at 200 s and is valid until 400 s. Key 4 is from the current window.
  expect(at(399.9 * s)).toEqual([4, 3]);
  expect(at(600 * s)).toEqual([5]);
});

test("ticket keys are replaced if the clock is set back, because their age is unknown", () => {
  const { at } = keysAt(1_000 * s);
  expect(at(1_000 * s)).toEqual([1]);
  expect(at(999 * s)).toEqual([2]);
  // If the clock returns NaN, there is no key and no ticket.
  expect(at(Number.NaN)).toEqual([]);
});

test("ticket keys that have expired are wiped at the next use, or by a timer if there is no next use", () => {
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
  // No timer remains.
  expect(idle.timers).toEqual([]);
});

test("ticket keys are wiped if the clock fails when their timer fires", () => {
  let isBroken = false;
  const now = () => {
    if (isBroken) throw new Error("no clock");
    return 0;
  };
  const tasks: (() => void)[] = [];
  const keys = rotatingKeys(
    (length) => new Uint8Array(length).fill(1),
    now,
    lifetime,
    (_, task) => tasks.push(task),
  );
  const [key] = keys() as readonly Uint8Array[];
  isBroken = true;
  tasks[0]?.();
  expect(key).toEqual(new Uint8Array(48));
});

test.each([
  ["a value", nodeCrypto],
  ["a promise", asyncProvider(nodeCrypto)],
])("once the provider has made its context (returned as %s), no other copy of a key remains", async (_, inner) => {
  const received: Uint8Array[] = [];
  const provider = {
    ...inner,
    ciphers: {
      ...inner.ciphers,
      AES_256_GCM: (key: Uint8Array) => {
        received.push(key);
        return inner.ciphers.AES_256_GCM?.(key) as Awaitable<Aead>;
      },
    },
  };
  const key = new Uint8Array(48).fill(7);
  const tickets = new Tickets(
    provider,
    (length) => new Uint8Array(length),
    () => [key],
  );
  const state = new Uint8Array(3).fill(1);
  const ticket = await runFlow(tickets.seal(state));
  expect(await runFlow(tickets.open(ticket))).toEqual({ state, oldKey: false });
  expect(received.map((copy) => new Uint8Array(copy.buffer))).toEqual([new Uint8Array(48)]);
  key.fill(8);
  expect(await runFlow(tickets.open(ticket))).toBeUndefined();
});

test("a provider that fails once to make a context is asked again", async () => {
  let failures = 1;
  const key = new Uint8Array(48).fill(7);
  const AES_256_GCM = async (secret: Uint8Array): Promise<Aead> => {
    if (failures-- > 0) throw new Error("not loaded");
    return (await nodeCrypto.ciphers.AES_256_GCM?.(secret)) as Aead;
  };
  const tickets = new Tickets(
    { ...nodeCrypto, ciphers: { AES_256_GCM } },
    (length) => new Uint8Array(length),
    () => [key],
  );
  await expect(async () => runFlow(tickets.seal(new Uint8Array(3)))).rejects.toThrow("not loaded");
  expect(await runFlow(tickets.seal(new Uint8Array(3)))).toBeInstanceOf(Uint8Array);
});

test("a server's timer does not keep the process alive, and wipes the key", async () => {
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
  const generated: Uint8Array[] = [];
  const config = serverHandshakeConfig({
    provider: nodeCrypto,
    credentials: [nodeCredential(await ca.issue({ names: ["localhost"] }))],
    sessionStore: false,
    sessionLifetime: 7_200,
    now,
    random(length) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      if (length === 48) generated.push(bytes);
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
    const [wipeTimer, ...others] = timers.filter(({ ms }) => ms === 2 * 7_200 * s);
    expect(others).toEqual([]);
    expect(wipeTimer?.timer.hasRef()).toBe(false);
    expect(generated).toHaveLength(1);
    expect(generated[0]?.some((byte) => byte !== 0)).toBe(true);
    time += 2 * 7_200 * s;
    wipeTimer?.task();
    expect(generated[0]?.every((byte) => byte === 0)).toBe(true);
    clearTimeout(wipeTimer?.timer);
  } finally {
    spy.mockRestore();
  }
});
