import { accept, connect, type Transport } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { beforeAll, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { highWaterInbound, itemOverhead } from "../../src/limits.ts";
import { issuePki, type Pki } from "../handshake/mitm.ts";

let pki: Pki;
beforeAll(async () => {
  pki = await issuePki();
});

/** A transport that counts the calls of `pause` and `resume`. */
function countPauses(transport: Transport) {
  const calls = { pause: 0, resume: 0 };
  const countingTransport: Transport = {
    start: (events) => transport.start(events),
    send: (bytes) => transport.send(bytes),
    end: () => transport.end(),
    abort: (reason) => transport.abort(reason),
    pause() {
      calls.pause++;
      return transport.pause();
    },
    resume() {
      calls.resume++;
      transport.resume();
    },
  };
  return { countingTransport, calls };
}

async function openPair() {
  const { a, b } = memoryPair();
  const { countingTransport, calls } = countPauses(b);
  const provider = nodeCrypto;
  const [client, server] = await Promise.all([
    connect(a, { provider, ca: pki.ca, serverName: "localhost" }),
    accept(countingTransport, { provider, credentials: [pki.server] }),
  ]);
  return { client, server, calls };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("records of one byte that wait to be read do not pause the transport, and all arrive", async () => {
  const { client, server, calls } = await openPair();
  const recordCount = Math.ceil(highWaterInbound / itemOverhead) + 50;
  // Without a turn between them, writes would share a record.
  for (let i = 0; i < recordCount; i++) {
    await client.write(Uint8Array.of(i & 255));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await nextTurn();
  // If each record were stored in its own array, their overhead would exceed the limit.
  expect(calls).toEqual({ pause: 0, resume: 0 });
  const received: number[] = [];
  let reads = 0;
  for (; received.length < recordCount; reads++) received.push(...((await server.read()) ?? []));
  expect(received).toEqual(Array.from({ length: recordCount }, (_, i) => i & 255));
  expect(reads).toBeLessThan(10);
  client.abort();
});

test("a few small records do not pause the transport", async () => {
  const { client, calls } = await openPair();
  for (let i = 0; i < 50; i++) {
    await client.write(Uint8Array.of(i));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await nextTurn();
  expect(calls.pause).toBe(0);
  client.abort();
});
