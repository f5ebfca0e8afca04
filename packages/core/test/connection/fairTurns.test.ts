/** A flood of tiny records on one connection does not make the records of another one wait until it is over. */
import { accept, connect, type TlsConnection, type Transport, type TransportEvents } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { concat } from "../../src/bytes/bytes.ts";
import { issuePki } from "../handshake/mitm.ts";

const pki = await issuePki();
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two ends. From `hold` on, the client's bytes wait until `release` delivers them at once. */
async function openPair() {
  const held: Uint8Array[] = [];
  let isHeld = false;
  const { a, b } = memoryPair({
    alter: (bytes, direction) => {
      if (!isHeld || direction === "b->a") return bytes;
      held.push(bytes.slice());
      return undefined;
    },
  });
  let events: TransportEvents | undefined;
  const start = b.start.bind(b);
  const transport: Transport = Object.assign(b, {
    start: (to: TransportEvents) => {
      events = to;
      start(to);
    },
    nextTurn: setImmediate,
  });
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: pki.ca, serverName: "localhost" }),
    accept(transport, { provider: nodeCrypto, credentials: [pki.server] }),
  ]);
  return {
    client,
    server,
    hold: () => {
      isHeld = true;
    },
    release: () => events?.data(concat(...held)),
  };
}

/** Writes records of one byte. */
async function writeTiny(client: TlsConnection, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await client.write(Uint8Array.of(i & 255));
    await nextTurn();
  }
}

test("a record overtakes a flood of tiny records on another connection", async () => {
  const [flood, other, third] = await Promise.all([openPair(), openPair(), openPair()]);
  for (const { hold } of [flood, other, third]) hold();
  await writeTiny(flood.client, 1_500);
  await writeTiny(other.client, 1);
  await writeTiny(third.client, 150);
  let [received, receivedOfThird] = [0, 0];
  const reading = (async () => {
    while (received < 1_500) received += (await flood.server.read())?.length ?? 0;
  })();
  const readingThird = (async () => {
    while (receivedOfThird < 150) receivedOfThird += (await third.server.read())?.length ?? 0;
  })();
  flood.release();
  third.release();
  other.release();
  expect((await other.server.read())?.length).toBe(1);
  expect(received).toBeLessThan(200);
  // The third one has an equal share of each turn, although it came after the flood.
  await readingThird;
  expect(received).toBeLessThan(600);
  await reading;
  for (const { client, server } of [flood, other, third]) for (const end of [client, server]) end.abort();
});
