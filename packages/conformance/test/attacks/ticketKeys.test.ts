/** Theft of ticket keys: the keys that a server makes itself change and disappear while the server is idle. */
import { createDecipheriv } from "node:crypto";
import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";
import {
  type AcceptOptions,
  type ConnectOptions,
  connect,
  keepSessions,
  nodeCredential,
  nodeCrypto,
} from "@handclasp/node";
import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { alterUnits } from "../../../core/test/handshake/mitm.ts";

const lifetime = 7_200;
const s = 1_000;

beforeEach(() => void vi.useFakeTimers({ now: Date.now(), toFake: ["Date", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** A server, and a thief who sees its memory and the wire. */
function makeServer(options: Partial<AcceptOptions> = {}) {
  /** The arrays of the ticket keys. */
  const keys: Uint8Array[] = [];
  const config = serverHandshakeConfig({
    provider: nodeCrypto,
    credentials,
    sessionStore: false,
    random(length) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      if (length === 48) keys.push(bytes);
      return bytes;
    },
    ...options,
  });
  /** Connects, and returns the ticket that the server sends, if it sends one. */
  async function visit(sessions: ConnectOptions["sessions"]) {
    let ticket: Buffer | undefined;
    const { a, b } = memoryPair({
      alter: alterUnits((unit) => {
        if (unit.name === "new_session_ticket") ticket = Buffer.from(unit.body.subarray(6));
        return unit.wire;
      }),
    });
    const server = acceptWith(config, b, {});
    const options = { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", ...(sessions && { sessions }) };
    const client = await withTurns(connect(a, options));
    await withTurns(Promise.all([client.close(), server.close()]));
    return { resumed: client.session.resumed, ticket };
  }
  return { keys, visit };
}

/** Lets turns begin until the promise settles: a connection over memory waits for its next turn with a timer. */
async function withTurns<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) await vi.advanceTimersByTimeAsync(0);
  return promise;
}

const nameOf = (key: Uint8Array | undefined): string => Buffer.from(key?.subarray(0, 16) ?? []).toString("hex");

/** The state in a ticket, for whom has the key: `name || nonce || AES-256-GCM(state)`. */
function decrypt(ticket: Buffer, key: Uint8Array): Buffer {
  const opener = createDecipheriv("aes-256-gcm", key.subarray(16), ticket.subarray(16, 28));
  opener.setAAD(ticket.subarray(0, 16)).setAuthTag(ticket.subarray(-16));
  return Buffer.concat([opener.update(ticket.subarray(28, -16)), opener.final()]);
}

test("an idle server's key is wiped after two lifetimes, and a recorded ticket stays secret", async () => {
  const { keys, visit } = makeServer();
  const sessions = keepSessions();
  const { ticket } = await visit(sessions);
  if (!ticket) throw new Error("no ticket");
  const [key] = keys;
  if (!key) throw new Error("no key");
  expect(nameOf(ticket)).toBe(nameOf(key));
  // Until then, the key opens the ticket, which contains the master secret.
  expect(decrypt(ticket, key).length).toBeGreaterThan(48);
  await vi.advanceTimersByTimeAsync(2 * lifetime * s - 1);
  expect(decrypt(ticket, key).length).toBeGreaterThan(48);
  await vi.advanceTimersByTimeAsync(1);
  expect(key).toEqual(new Uint8Array(48));
  expect(() => decrypt(ticket, key)).toThrow();
  expect(keys).toHaveLength(1);
});

test("a server that was idle for a lifetime seals the next ticket with a new key", async () => {
  const { keys, visit } = makeServer();
  const first = await visit(keepSessions());
  await vi.advanceTimersByTimeAsync(lifetime * s - 1);
  const last = await visit(keepSessions());
  await vi.advanceTimersByTimeAsync(1);
  const next = await visit(keepSessions());
  expect(keys).toHaveLength(2);
  expect([first, last, next].map(({ ticket }) => nameOf(ticket))).toEqual([keys[0], keys[0], keys[1]].map(nameOf));
  expect(nameOf(keys[1])).not.toBe(nameOf(keys[0]));
});

test("a server that was idle for two lifetimes knows no ticket of before", async () => {
  const { keys, visit } = makeServer();
  const sessions = keepSessions();
  expect((await visit(sessions)).resumed).toBe(false);
  // The client's own copy has not expired: its clock stands still.
  await vi.advanceTimersByTimeAsync(2 * lifetime * s);
  const again = await visit(sessions);
  expect(again.resumed).toBe(false);
  expect(nameOf(again.ticket)).toBe(nameOf(keys[1]));
});

test("each ticket key is random, and none is zeros", async () => {
  const { keys, visit } = makeServer({ sessionLifetime: 1 });
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const { ticket } = await visit(keepSessions());
    expect(nameOf(ticket)).toBe(nameOf(keys[i]));
    names.add(nameOf(ticket));
    expect(keys[i]?.subarray(16).some((byte) => byte !== 0)).toBe(true);
    await vi.advanceTimersByTimeAsync(s);
  }
  expect(names.size).toBe(5);
});
