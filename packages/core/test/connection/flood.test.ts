import { accept, connect, type Transport } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { beforeAll, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { highWaterInbound, itemOverhead } from "../../src/limits.ts";
import { type Cast, cast } from "../handshake/mitm.ts";

let people: Cast;
beforeAll(async () => {
  people = await cast();
});

/** A transport that counts how often it is told to wait, and to go on. */
function counted(transport: Transport) {
  const told = { pause: 0, resume: 0 };
  const counting: Transport = {
    start: (events) => transport.start(events),
    send: (bytes) => transport.send(bytes),
    end: () => transport.end(),
    abort: (reason) => transport.abort(reason),
    pause() {
      told.pause++;
      return transport.pause();
    },
    resume() {
      told.resume++;
      transport.resume();
    },
  };
  return { counting, told };
}

async function pair() {
  const { a, b } = memoryPair();
  const { counting, told } = counted(b);
  const provider = nodeCrypto;
  const [client, server] = await Promise.all([
    connect(a, { provider, ca: people.ca, serverName: "localhost" }),
    accept(counting, { provider, credentials: [people.server] }),
  ]);
  return { client, server, told };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("records of a byte that nobody reads cost little more than their bytes, and all arrive when they are read", async () => {
  const { client, server, told } = await pair();
  const many = Math.ceil(highWaterInbound / itemOverhead) + 50;
  // What is written in one turn would be one record.
  for (let i = 0; i < many; i++) {
    await client.write(Uint8Array.of(i & 255));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await turn();
  // Kept one by one, they would be charged more than a reader may leave.
  expect(told).toEqual({ pause: 0, resume: 0 });
  const got: number[] = [];
  let reads = 0;
  for (; got.length < many; reads++) got.push(...((await server.read()) ?? []));
  expect(got).toEqual(Array.from({ length: many }, (_, i) => i & 255));
  expect(reads).toBeLessThan(10);
  client.abort();
});

test("few and small ones do not", async () => {
  const { client, told } = await pair();
  for (let i = 0; i < 50; i++) {
    await client.write(Uint8Array.of(i));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await turn();
  expect(told.pause).toBe(0);
  client.abort();
});
