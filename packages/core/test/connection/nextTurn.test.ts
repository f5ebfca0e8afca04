/**
 * A carrier whose way into the next turn leads nowhere (a frame callback of a hidden page, say) holds up neither its
 * own connection for ever nor any other one.
 */
import { accept, connect, type NextTurn, type TlsConnection } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { expect, test, vi } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, outcome, pass, virtualTime } from "./endings.ts";

virtualTime();

/** More than all connections together may send, or work off, in one turn. */
const plenty = 6_000_000;

/** Both ends of a connection; `nextTurn` is that of both carriers. */
async function opened(nextTurn?: NextTurn): Promise<[client: TlsConnection, server: TlsConnection]> {
  const { a, b } = memoryPair();
  if (nextTurn) for (const end of [a, b]) Object.assign(end, { nextTurn });
  const both = Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  both.catch(() => {});
  expect(await outcome(both, 2_000)).toBe("resolves");
  return both;
}

/** Counts what a connection reads. */
function counting(connection: TlsConnection): () => number {
  let got = 0;
  (async () => {
    for await (const bytes of connection) got += bytes.length;
  })().catch(() => {});
  return () => got;
}

test.each<[string, NextTurn]>([
  ["never calls back", () => {}],
  [
    "throws",
    () => {
      throw new Error("no such host");
    },
  ],
])("a nextTurn that %s", async (_, nextTurn) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const [client, server] = await opened(nextTurn);
  const got = counting(server);
  client.write(new Uint8Array(plenty)).catch(() => {});
  await pass(0);
  const [otherClient, otherServer] = await opened();
  const gotOther = counting(otherServer);
  otherClient.write(new Uint8Array(plenty)).catch(() => {});
  await pass(5_000);
  expect([got(), gotOther()]).toEqual([plenty, plenty]);
  expect(await outcome(Promise.all([client.close(), otherClient.close()]), 5_000)).toBe("resolves");
  said.mockRestore();
});
