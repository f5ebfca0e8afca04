import { accept, connect, type TraceEvent } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = [nodeCredential(await ca.issue({ names: ["localhost"] }))];
const filledWith = (value: number) => (length: number) => new Uint8Array(length).fill(value);

test("a connection takes its random bytes from the option `random`, or without it from the provider", async () => {
  const { a, b } = memoryPair();
  const randoms: Uint8Array[] = [];
  const trace = (event: TraceEvent): void => {
    if (event.type === "agreed") randoms.push(event.clientRandom, event.serverRandom);
  };
  const provider = { ...nodeCrypto, random: filledWith(1) };
  await Promise.all([
    connect(a, { provider, ca: ca.pem, serverName: "localhost", trace }),
    accept(b, { provider, random: filledWith(2), credentials }),
  ]);
  expect(randoms).toEqual([filledWith(1)(32), filledWith(2)(32)]);
});
