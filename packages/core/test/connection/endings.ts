/**
 * Helpers for the tests of how a connection ends: a client and a server in memory under a virtual clock, and texts that
 * describe how a promise settles.
 */
import {
  type AcceptOptions,
  accept,
  type ConnectOptions,
  connect,
  type TlsConnection,
  TlsError,
  type Transport,
} from "@handclasp/core";
import { type MemoryPair, memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

export const ca: Awaited<ReturnType<typeof testCa>> = await testCa();
export const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** The options of either role that a test may change. */
export type Options = Omit<Partial<ConnectOptions & AcceptOptions>, "credential" | "psk">;

export type Role = "client" | "server";
export const roles = ["client", "server"] as const;

/** A network that can lose or alter the peer's messages. */
export interface Network {
  /** Whether the peer's messages are lost. */
  isSilent: boolean;
  /** Whether the last byte of each of the peer's messages is altered. */
  isAltered: boolean;
}

export interface Ends {
  readonly pair: MemoryPair;
  readonly network: Network;
  /** The side that the test observes. */
  readonly local: TlsConnection;
  /** The other side. */
  readonly peer: TlsConnection;
  /** The peer's end of the transport. */
  readonly peerTransport: Transport;
}

/** A pair on a network that a test can change. `role` is the local role. */
export function makeNetwork(role: Role): { pair: MemoryPair; network: Network; peerTransport: Transport } {
  const state: Network = { isSilent: false, isAltered: false };
  const fromPeer = role === "client" ? "b->a" : "a->b";
  const pair = memoryPair({
    highWater: 2 ** 16,
    alter: (bytes, direction) => {
      if (direction !== fromPeer) return bytes;
      if (state.isSilent) return undefined;
      return state.isAltered ? bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)) : bytes;
    },
  });
  return { pair, network: state, peerTransport: role === "client" ? pair.b : pair.a };
}

/** Both sides of an open connection. */
export async function open(role: Role, local: Options = {}, peer: Options = {}): Promise<Ends> {
  const { pair, network: state, peerTransport } = makeNetwork(role);
  const client = role === "client" ? local : peer;
  const server = role === "client" ? peer : local;
  const opening = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", ...client }),
    accept(pair.b, { provider: nodeCrypto, credentials: [credential], ...server }),
  ]);
  opening.catch(() => {});
  await passTime(20);
  const [a, b] = await opening;
  const [localChannel, peerChannel] = role === "client" ? [a, b] : [b, a];
  return { pair, network: state, local: localChannel, peer: peerChannel, peerTransport };
}

/** Advances the virtual clock by `ms` milliseconds, and runs everything that is due. */
export const passTime = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

/** The state of a promise after `ms` virtual milliseconds: "resolves", the code of its error, or "pending". */
export async function outcome(promise: PromiseLike<unknown>, ms = 60_000): Promise<string> {
  let text = "pending";
  promise.then(
    () => (text = "resolves"),
    (error: unknown) => (text = codeOf(error)),
  );
  await passTime(ms);
  return text;
}

export const codeOf = (error: unknown): string => (TlsError.is(error) ? `\`${error.code}\`` : String(error));

/** The three ways to read. Each function passes the bytes to `onBytes`, and returns a text for how reading ended. */
export const readers = {
  "`read()`": async (channel: TlsConnection, onBytes: (bytes: Uint8Array) => void): Promise<string> => {
    for (let bytes = await channel.read(); bytes; bytes = await channel.read()) onBytes(bytes);
    return "`undefined`";
  },
  "`readable`": async (channel: TlsConnection, onBytes: (bytes: Uint8Array) => void): Promise<string> => {
    const reader = channel.readable.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) onBytes(step.value);
    return "`done`";
  },
  "`for await`": async (channel: TlsConnection, onBytes: (bytes: Uint8Array) => void): Promise<string> => {
    for await (const bytes of channel) onBytes(bytes);
    return "the loop ends";
  },
} as const;

/** Reads until the end. Returns a function that describes the result so far: "all, then `undefined`". */
export function startReading(channel: TlsConnection, reader: keyof typeof readers, expected: number): () => string {
  let received = 0;
  let end = "pending";
  readers[reader](channel, (bytes) => (received += bytes.length)).then(
    (text) => (end = text),
    (error: unknown) => (end = codeOf(error)),
  );
  return () => (received === 0 ? end : received === expected ? `all, then ${end}` : `${received} bytes, then ${end}`);
}

/** Gives every test of the file a virtual clock, and checks that it leaves no rejection unhandled. */
export function useVirtualClock(): void {
  const rejections: unknown[] = [];
  const addRejection = (reason: unknown): void => void rejections.push(reason);
  let previousListeners: NodeJS.UnhandledRejectionListener[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    rejections.length = 0;
    // The runner's own listeners would fail the run, not the test.
    previousListeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", addRejection);
  });
  afterEach(async () => {
    vi.useRealTimers();
    // Node reports unhandled rejections after the microtasks of a turn.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", addRejection);
    for (const listener of previousListeners) process.on("unhandledRejection", listener);
    expect(rejections, "unhandled rejections").toEqual([]);
  });
}
