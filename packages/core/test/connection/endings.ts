/** What the tests of a connection's end share: two ends in memory under a virtual clock, and words for how a promise ends. */
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

/** What either role takes, and a test may change. */
export type Options = Omit<Partial<ConnectOptions & AcceptOptions>, "credential" | "psk">;

export type Role = "client" | "server";
export const roles = ["client", "server"] as const;

/** A network that can lose or alter what the peer says. */
export interface Network {
  /** From now on, nothing of the peer's arrives. */
  silent: boolean;
  /** From now on, the last byte of each of the peer's messages arrives altered. */
  altered: boolean;
}

export interface Ends {
  readonly pair: MemoryPair;
  readonly network: Network;
  /** The end whose view the test takes, and the other one. */
  readonly own: TlsConnection;
  readonly peer: TlsConnection;
  /** The peer's end of the carrier. */
  readonly carrier: Transport;
}

/** A pair on a network that a test can change. `role` is ours. */
export function network(role: Role): { pair: MemoryPair; network: Network; peerEnd: Transport } {
  const state: Network = { silent: false, altered: false };
  const fromPeer = role === "client" ? "b->a" : "a->b";
  const pair = memoryPair({
    highWater: 2 ** 16,
    alter: (bytes, direction) => {
      if (direction !== fromPeer) return bytes;
      if (state.silent) return undefined;
      return state.altered ? bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)) : bytes;
    },
  });
  return { pair, network: state, peerEnd: role === "client" ? pair.b : pair.a };
}

/** Both ends of an open connection. */
export async function open(role: Role, own: Options = {}, peer: Options = {}): Promise<Ends> {
  const { pair, network: state, peerEnd } = network(role);
  const client = role === "client" ? own : peer;
  const server = role === "client" ? peer : own;
  const both = Promise.all([
    connect(pair.a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost", ...client }),
    accept(pair.b, { provider: nodeCrypto, credentials: [credential], ...server }),
  ]);
  both.catch(() => {});
  await pass(20);
  const [a, b] = await both;
  const [mine, theirs] = role === "client" ? [a, b] : [b, a];
  return { pair, network: state, own: mine, peer: theirs, carrier: peerEnd };
}

/** Lets this much virtual time pass, and everything happen that is due. */
export const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

/** How a promise ends within `ms` of virtual time: "resolves", the code of its error, or "pending". */
export async function outcome(promise: PromiseLike<unknown>, ms = 60_000): Promise<string> {
  let text = "pending";
  promise.then(
    () => (text = "resolves"),
    (error: unknown) => (text = codeOf(error)),
  );
  await pass(ms);
  return text;
}

export const codeOf = (error: unknown): string => (TlsError.is(error) ? `\`${error.code}\`` : String(error));

/** The three ways to read; each gives what it saw to `saw`, and returns how that ended. */
export const readers = {
  "`read()`": async (channel: TlsConnection, saw: (bytes: Uint8Array) => void): Promise<string> => {
    for (let bytes = await channel.read(); bytes; bytes = await channel.read()) saw(bytes);
    return "`undefined`";
  },
  "`readable`": async (channel: TlsConnection, saw: (bytes: Uint8Array) => void): Promise<string> => {
    const reader = channel.readable.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) saw(step.value);
    return "`done`";
  },
  "`for await`": async (channel: TlsConnection, saw: (bytes: Uint8Array) => void): Promise<string> => {
    for await (const bytes of channel) saw(bytes);
    return "the loop ends";
  },
} as const;

/** Everything that a reader saw, in words: "all, then `undefined`". */
export function reading(channel: TlsConnection, how: keyof typeof readers, all: number): () => string {
  let got = 0;
  let end = "pending";
  readers[how](channel, (bytes) => (got += bytes.length)).then(
    (text) => (end = text),
    (error: unknown) => (end = codeOf(error)),
  );
  return () => (got === 0 ? end : got === all ? `all, then ${end}` : `${got} bytes, then ${end}`);
}

/** A virtual clock for every test of the file, and no rejection that nobody handles in any of them. */
export function virtualTime(): void {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  let others: NodeJS.UnhandledRejectionListener[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    rejections.length = 0;
    // The runner's own listeners would fail the run, not the test.
    others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    vi.useRealTimers();
    // Node tells of them once the microtasks of a turn are done.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    for (const other of others) process.on("unhandledRejection", other);
    expect(rejections, "rejections that nobody handled").toEqual([]);
  });
}
