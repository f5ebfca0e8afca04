import { accept, connect } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

test("who took the first piece by hand loops over the rest, and stops and goes on as they like", async () => {
  const { a, b } = memoryPair();
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  const says = async (...bytes: number[]) => {
    await client.write(Uint8Array.from(bytes));
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  for (const byte of [1, 2, 3, 4]) await says(byte);
  await client.closeWrite();
  const pieces = server[Symbol.asyncIterator]();
  expect((await pieces.next()).value).toEqual(Uint8Array.of(1));
  const got: number[] = [];
  for await (const piece of pieces) {
    got.push(...piece);
    if (got.length === 2) break;
  }
  for await (const piece of server) got.push(...piece);
  expect(got).toEqual([2, 3, 4]);
  expect(await pieces.next()).toEqual({ done: true, value: undefined });
  await client.closed;
});
