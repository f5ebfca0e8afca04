import { accept, connect, type TraceEvent } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credentials = [nodeCredential(await ca.issue({ names: ["localhost"] }))];
const filled = (value: number) => (length: number) => new Uint8Array(length).fill(value);

test("what a connection draws comes from the provider, and from `random` where that is given", async () => {
  const { a, b } = memoryPair();
  const randoms: Uint8Array[] = [];
  const trace = (event: TraceEvent): void => {
    if (event.type === "agreed") randoms.push(event.clientRandom, event.serverRandom);
  };
  const provider = { ...nodeCrypto, random: filled(1) };
  await Promise.all([
    connect(a, { provider, ca: ca.pem, serverName: "localhost", trace }),
    accept(b, { provider, random: filled(2), credentials }),
  ]);
  expect(randoms).toEqual([filled(1)(32), filled(2)(32)]);
});
