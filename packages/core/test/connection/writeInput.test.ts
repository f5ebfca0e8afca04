import { accept, connect } from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { issuePki } from "../handshake/mitm.ts";

test("`write` refuses a value that is not bytes, and the channel stays open", async () => {
  const pki = await issuePki();
  const { a, b } = memoryPair();
  const provider = nodeCrypto;
  const [client, server] = await Promise.all([
    connect(a, { provider, ca: pki.ca, serverName: "localhost" }),
    accept(b, { provider, credentials: [pki.server] }),
  ]);
  const wrongValues = [
    "text",
    undefined,
    7,
    new ArrayBuffer(2),
    new DataView(new ArrayBuffer(2)),
    Uint16Array.of(1, 2),
  ];
  for (const value of wrongValues)
    await expect(client.write(value as unknown as Uint8Array)).rejects.toMatchObject({ code: "usage" });
  await client.write(Uint8Array.of(1));
  await client.write(Buffer.from([2]));
  expect(await server.read()).toEqual(Uint8Array.of(1, 2));
  client.abort();
});
