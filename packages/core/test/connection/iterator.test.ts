import { accept, connect } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));

test("iterators continue with the next bytes after `next`, and after a loop that ends with `break`", async () => {
  const { a, b } = memoryPair();
  const [client, server] = await Promise.all([
    connect(a, { provider: nodeCrypto, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
  const send = async (...bytes: number[]) => {
    await client.write(Uint8Array.from(bytes));
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  for (const byte of [1, 2, 3, 4]) await send(byte);
  await client.closeWrite();
  const pieces = server[Symbol.asyncIterator]();
  expect((await pieces.next()).value).toEqual(Uint8Array.of(1));
  const received: number[] = [];
  for await (const piece of pieces) {
    received.push(...piece);
    if (received.length === 2) break;
  }
  for await (const piece of server) received.push(...piece);
  expect(received).toEqual([2, 3, 4]);
  expect(await pieces.next()).toEqual({ done: true, value: undefined });
  await client.closed;
});
