/**
 * If a transport's `nextTurn` throws, or never calls back (as the frame callback of a hidden page), neither the
 * transport's own connection nor any other one stalls.
 */
import { accept, connect, type NextTurn, type TlsConnection } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { expect, test, vi } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, outcome, passTime, useVirtualClock } from "./endings.ts";

useVirtualClock();

/** More bytes than all connections of the process together may send or process in one turn. */
const dataSize = 6_000_000;

/** Opens a connection. Both transports have this `nextTurn`. */
async function openWithNextTurn(nextTurn?: NextTurn): Promise<[client: TlsConnection, server: TlsConnection]> {
  const { a, b } = memoryPair();
  if (nextTurn) for (const end of [a, b]) Object.assign(end, { nextTurn });
  const opening = Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  opening.catch(() => {});
  expect(await outcome(opening, 2_000)).toBe("resolves");
  return opening;
}

/** Counts the bytes that a connection reads. */
function countReceived(connection: TlsConnection): () => number {
  let received = 0;
  (async () => {
    for await (const bytes of connection) received += bytes.length;
  })().catch(() => {});
  return () => received;
}

test.each<[string, NextTurn]>([
  ["never calls back", () => {}],
  [
    "throws",
    () => {
      throw new Error("no such host");
    },
  ],
])("a nextTurn that %s stalls no connection", async (_, nextTurn) => {
  const consoleError = vi.spyOn(console, "error").mockImplementation(() => {});
  const [client, server] = await openWithNextTurn(nextTurn);
  const received = countReceived(server);
  client.write(new Uint8Array(dataSize)).catch(() => {});
  await passTime(0);
  const [otherClient, otherServer] = await openWithNextTurn();
  const otherReceived = countReceived(otherServer);
  otherClient.write(new Uint8Array(dataSize)).catch(() => {});
  await passTime(5_000);
  expect([received(), otherReceived()]).toEqual([dataSize, dataSize]);
  expect(await outcome(Promise.all([client.close(), otherClient.close()]), 5_000)).toBe("resolves");
  consoleError.mockRestore();
});
