/**
 * Connections share lent memory. One connection uses a provider that seals late, and the test ends it at each step in
 * turn. Memory that a seal may still write, or that the transport still reads, is never lent to another connection.
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

/** A provider that seals when `step` is called. The memory must be lent until then. */
function stepwise(mayWrite: (out: Uint8Array) => void) {
  const waiting: (() => void)[] = [];
  const lateAead = (make: (key: Uint8Array) => Aead) => (key: Uint8Array) => {
    const inner = make(key);
    return {
      seal(nonce, additionalData, plaintext, out) {
        // Like WebCrypto, this `seal` reads its input at once, and writes its output when the operation is done.
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
    ciphers: { AES_128_GCM: lateAead(nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead) },
  };
  /** Seals the next record. Returns false if no record waits, even after some turns. */
  const step = async (): Promise<boolean> => {
    for (let i = 0; i < 20 && !waiting.length; i++) await turn();
    const next = waiting.shift();
    next?.();
    await turn();
    return next !== undefined;
  };
  return { provider, step };
}

/** A transport that lends memory. It reads each message one turn later, and only then gives its memory back. */
function lendingTransport(inner: Transport, memory: Memory): Transport & { readonly unread: Uint8Array[] } {
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
        memory.release(bytes);
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

async function readBytes(from: TlsConnection, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let received = 0; received < length; ) {
    const bytes = (await from.read()) as Uint8Array;
    parts.push(bytes);
    received += bytes.length;
  }
  return concat(...parts);
}

interface Pair {
  readonly client: Promise<TlsConnection>;
  readonly server: Promise<TlsConnection>;
  /** Makes the transport fail. */
  readonly fail: () => void;
  readonly abort: () => void;
  readonly unread: readonly Uint8Array[][];
}

function openPair(memory: Memory, provider: CryptoProvider): Pair {
  const { a, b, fail } = memoryPair();
  const [left, right] = [lendingTransport(a, memory), lendingTransport(b, memory)];
  const controller = new AbortController();
  const client = connect(left, { provider, ca: ca.pem, serverName: "localhost", signal: controller.signal });
  const server = accept(right, { provider: nodeCrypto, credentials: [credential] });
  for (const end of [client, server]) end.catch(() => {});
  return {
    client,
    server,
    fail: () => fail(new Error("the transport broke")),
    abort: () => controller.abort(),
    unread: [left.unread, right.unread],
  };
}

/** Writes data of different lengths, then sends close_notify, without waiting. */
async function writeAll(client: Promise<TlsConnection>): Promise<void> {
  const channel = await client;
  const ignore = (): void => {};
  for (const length of [10, 40_000, 16_384, 300, 70_000]) channel.write(pattern(length)).catch(ignore);
  channel.closeWrite().catch(ignore);
}

/** Checks a complete connection over a synchronous provider; calls `meanwhile` between its writes. */
async function checkConnection(memory: Memory, meanwhile: () => Promise<unknown>): Promise<void> {
  const other = openPair(memory, nodeCrypto);
  const [client, server] = await Promise.all([other.client, other.server]);
  for (const [i, length] of [100, 16_384, 50_000, 9000, 65_536].entries()) {
    const [toServer, toClient] = [pattern(length), pattern(length).reverse()];
    const [atServer, atClient] = [readBytes(server, length), readBytes(client, length)];
    await Promise.all([client.write(toServer), server.write(toClient)]);
    await meanwhile();
    expect(Buffer.compare(await atServer, toServer), `message ${i} up`).toBe(0);
    expect(Buffer.compare(await atClient, toClient), `message ${i} down`).toBe(0);
  }
  client.abort();
  server.abort();
  await turn();
}

describe.each(["abort", "signal", "transport"] as const)("a connection that seals late, ended by its %s", (ending) => {
  test.each([false, true])(
    "never shares memory in use, at any step (after the seal timeout: %s)",
    async (isGivenUp) => {
      let steps = 0;
      for (let isOver = false; !isOver; steps++) {
        const lent = trackedMemory(nodeMemory);
        const { provider, step } = stepwise((out) => {
          if (!lent.isLent(out)) lent.faults.push("a seal writes where memory is not lent");
        });
        const first = openPair(lent.memory, provider);
        void writeAll(first.client).catch(() => {});
        for (let i = 0; i < 20; i++) await turn();
        for (let i = 0; i < steps && !isOver; i++) isOver = !(await step());
        if (ending === "transport") first.fail();
        else if (ending === "signal") first.abort();
        else
          void first.client.then(
            (channel) => channel.abort(),
            () => {},
          );
        await turn();
        if (isGivenUp) vi.advanceTimersByTime(20_000);
        await turn();
        await checkConnection(lent.memory, step);
        while (await step());
        vi.advanceTimersByTime(20_000);
        await checkConnection(lent.memory, turn);
        expect(lent.faults).toEqual([]);
        expect(first.unread).toEqual([[], []]);
      }
      // The records are Finished, nine of data, and close_notify. The last step finds no record to seal.
      expect(steps).toBe(13);
    },
  );
});

test("a connection that ends cleanly gives all its memory back", async () => {
  const lent = trackedMemory(nodeMemory);
  const { provider, step } = stepwise(() => {});
  const { client, server } = openPair(lent.memory, provider);
  void writeAll(client);
  const reading = server.then(async (channel) => {
    const bytes = await readBytes(channel, 10 + 40_000 + 16_384 + 300 + 70_000);
    expect(await channel.read()).toBeUndefined();
    return bytes;
  });
  let isRead = false;
  void reading.then(() => {
    isRead = true;
  });
  for (let i = 0; i < 1000 && !isRead; i++) await step();
  expect(Buffer.compare(await reading, concat(...[10, 40_000, 16_384, 300, 70_000].map(pattern)))).toBe(0);
  // The server sends close_notify. After that, neither side sends anything.
  vi.advanceTimersByTime(10);
  while (await step());
  await (await client).read();
  while (await step());
  await (await client).closed;
  expect(lent.lent).toBe(0);
  expect(lent.faults).toEqual([]);
});
