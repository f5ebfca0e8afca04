import { accept, connect } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

/**
 * The type of `readable` declares the BYOB reader as `never`, so that the stream is assignable to those of lib.dom and
 * node:stream/web. The stream must in fact have no such reader.
 */
test("a channel's stream has no BYOB reader, and asking for one does not lock it", async () => {
  const { a, b } = memoryPair();
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  const { readable } = client;
  const askForByob = (): unknown => readable.getReader({ mode: "byob" });
  expect(askForByob).toThrow(TypeError);
  await server.write(Uint8Array.of(1));
  expect(await readable.getReader().read()).toEqual({ done: false, value: Uint8Array.of(1) });
  client.abort();
});
