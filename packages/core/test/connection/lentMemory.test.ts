/**
 * Connections on the same lent memory, one of them over a provider that seals late and ended at every step: memory that a seal may still write, or that the
 * carrier still reads, is never another's.
 */

import {
  type Aead,
  accept,
  type CryptoProvider,
  connect,
  type SendResult,
  type TlsConnection,
  type Transport,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { memoryPair, testCa } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { memory as nodeMemory } from "../../../node/src/transport/memory.ts";
import type { Memory } from "../../src/record/memory.ts";
import { pattern, trackedMemory, turn } from "../record/support.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/** Seals when `step` is called, in memory that must be lent until then. */
function stepwise(mayWrite: (out: Uint8Array) => void) {
  const waiting: (() => void)[] = [];
  const late = (make: (key: Uint8Array) => Aead) => (key: Uint8Array) => {
    const inner = make(key);
    return {
      seal(nonce, additionalData, plaintext, out) {
        // As WebCrypto does, it reads at once and writes once it is done.
        const result = new Uint8Array(out.length);
        void inner.seal(nonce, additionalData, plaintext, result);
        return new Promise<void>((resolve) =>
          waiting.push(() => {
            mayWrite(out);
            out.set(result);
            resolve();
          }),
        );
      },
      open: inner.open.bind(inner),
    } satisfies Aead;
  };
  const provider: CryptoProvider = {
    ...nodeCrypto,
    ciphers: { AES_128_GCM: late(nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead) },
  };
  /** False where nothing is to be sealed, nor comes to be within some turns. */
  const step = async (): Promise<boolean> => {
    for (let i = 0; i < 20 && !waiting.length; i++) await turn();
    const next = waiting.shift();
    next?.();
    await turn();
    return next !== undefined;
  };
  return { provider, step };
}

/** Lends, and reads what it was given a turn later: then alone it gives the memory back. */
function lending(inner: Transport, memory: Memory): Transport & { readonly unread: Uint8Array[] } {
  const unread: Uint8Array[] = [];
  const nextTurn = (callback: () => void): void => void setImmediate(callback);
  let result: SendResult = "ok";
  return {
    unread,
    memory,
    nextTurn,
    start: (events) => inner.start(events),
    send(bytes) {
      unread.push(bytes);
      nextTurn(() => {
        unread.splice(unread.indexOf(bytes), 1);
        result = inner.send(bytes.slice());
        memory.give(bytes);
      });
      return result;
    },
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    end: () => nextTurn(() => inner.end()),
    abort: (reason) => nextTurn(() => inner.abort(reason)),
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function read(from: TlsConnection, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let got = 0; got < length; ) {
    const bytes = (await from.read()) as Uint8Array;
    parts.push(bytes);
    got += bytes.length;
  }
  return concat(...parts);
}

interface Pair {
  readonly client: Promise<TlsConnection>;
  readonly server: Promise<TlsConnection>;
  /** The carrier breaks. */
  readonly fail: () => void;
  readonly abort: () => void;
  readonly unread: readonly Uint8Array[][];
}

function pair(memory: Memory, provider: CryptoProvider): Pair {
  const { a, b, fail } = memoryPair();
  const [left, right] = [lending(a, memory), lending(b, memory)];
  const controller = new AbortController();
  const client = connect(left, { provider, ca: ca.pem, serverName: "localhost", signal: controller.signal });
  const server = accept(right, { provider: nodeCrypto, credentials: [credential] });
  for (const end of [client, server]) end.catch(() => {});
  return {
    client,
    server,
    fail: () => fail(new Error("the carrier broke")),
    abort: () => controller.abort(),
    unread: [left.unread, right.unread],
  };
}

/** Records of all sizes, with a close behind them; none of it is waited for. */
async function talk(client: Promise<TlsConnection>): Promise<void> {
  const channel = await client;
  const ignore = (): void => {};
  for (const length of [10, 40_000, 16_384, 300, 70_000]) channel.write(pattern(length)).catch(ignore);
  channel.closeWrite().catch(ignore);
}

/** A whole connection over a provider that answers at once, with `meanwhile` between its writes. */
async function works(memory: Memory, meanwhile: () => Promise<unknown>): Promise<void> {
  const second = pair(memory, nodeCrypto);
  const [client, server] = await Promise.all([second.client, second.server]);
  for (const [i, length] of [100, 16_384, 50_000, 9000, 65_536].entries()) {
    const [up, down] = [pattern(length), pattern(length).reverse()];
    const [atServer, atClient] = [read(server, length), read(client, length)];
    await Promise.all([client.write(up), server.write(down)]);
    await meanwhile();
    expect(Buffer.compare(await atServer, up), `message ${i} up`).toBe(0);
    expect(Buffer.compare(await atClient, down), `message ${i} down`).toBe(0);
  }
  client.abort();
  server.abort();
  await turn();
}

describe.each(["abort", "signal", "carrier"] as const)("a connection that seals late, ended by %s", (how) => {
  test.each([false, true])("at every step; given up by then: %s", async (givenUp) => {
    let steps = 0;
    for (let isOver = false; !isOver; steps++) {
      const lent = trackedMemory(nodeMemory);
      const { provider, step } = stepwise((out) => {
        if (!lent.isLent(out)) lent.faults.push("a seal writes where memory is not lent");
      });
      const first = pair(lent.memory, provider);
      void talk(first.client).catch(() => {});
      for (let i = 0; i < 20; i++) await turn();
      for (let i = 0; i < steps && !isOver; i++) isOver = !(await step());
      if (how === "carrier") first.fail();
      else if (how === "signal") first.abort();
      else
        void first.client.then(
          (channel) => channel.abort(),
          () => {},
        );
      await turn();
      if (givenUp) vi.advanceTimersByTime(20_000);
      await turn();
      await works(lent.memory, step);
      while (await step());
      vi.advanceTimersByTime(20_000);
      await works(lent.memory, turn);
      expect(lent.faults).toEqual([]);
      expect(first.unread).toEqual([[], []]);
    }
    // Finished, nine records of data, close_notify; and the last step finds nothing more to seal.
    expect(steps).toBe(13);
  });
});

test("what both sides say, and end in order, gives every byte back", async () => {
  const lent = trackedMemory(nodeMemory);
  const { provider, step } = stepwise(() => {});
  const { client, server } = pair(lent.memory, provider);
  void talk(client);
  const got = server.then(async (channel) => {
    const bytes = await read(channel, 10 + 40_000 + 16_384 + 300 + 70_000);
    expect(await channel.read()).toBeUndefined();
    return bytes;
  });
  let isRead = false;
  void got.then(() => {
    isRead = true;
  });
  for (let i = 0; i < 1000 && !isRead; i++) await step();
  expect(Buffer.compare(await got, concat(...[10, 40_000, 16_384, 300, 70_000].map(pattern)))).toBe(0);
  // Its own end, and then nobody has anything to send.
  vi.advanceTimersByTime(10);
  while (await step());
  await (await client).read();
  while (await step());
  await (await client).closed;
  expect(lent.lent).toBe(0);
  expect(lent.faults).toEqual([]);
});
