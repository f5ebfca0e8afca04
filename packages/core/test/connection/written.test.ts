import { accept, connect } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { cast } from "../handshake/mitm.ts";

test("what is no bytes is refused, and the channel goes on", async () => {
  const people = await cast();
  const { a, b } = memoryPair();
  const provider = nodeCrypto;
  const [client, server] = await Promise.all([
    connect(a, { provider, ca: people.ca, serverName: "localhost" }),
    accept(b, { provider, credentials: [people.server] }),
  ]);
  const wrong = ["text", undefined, 7, new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), Uint16Array.of(1, 2)];
  for (const value of wrong)
    await expect(client.write(value as unknown as Uint8Array)).rejects.toMatchObject({ code: "usage" });
  await client.write(Uint8Array.of(1));
  await client.write(Buffer.from([2]));
  expect(await server.read()).toEqual(Uint8Array.of(1, 2));
  client.abort();
});
