import { noble } from "@handclasp/core";
import { testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { certificateCacheOf } from "../src/certificates.ts";
import { connect } from "../src/connect.ts";
import { nodeCredential } from "../src/crypto/credential.ts";
import { nodeCrypto } from "../src/crypto/nodeCrypto.ts";
import { createServer } from "../src/server.ts";

test("each provider has its own certificate cache", () => {
  expect(certificateCacheOf(nodeCrypto)).toBe(certificateCacheOf(nodeCrypto));
  expect(certificateCacheOf(noble)).not.toBe(certificateCacheOf(nodeCrypto));
});

test("a provider that accepts every signature does not affect the connections of another provider", async () => {
  const ca = await testCa();
  const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
  const [leaf] = credential.chain;
  const forged = Uint8Array.from(leaf as Uint8Array);
  // The last byte belongs to the signature.
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
  const server = createServer({ credentials: [{ ...credential, chain: [forged] }] }, () => {});
  const listener = await server.listenTcp();
  const { port } = listener.address() as { port: number };
  const url = `tcp://localhost:${port}`;
  const lax = { ...nodeCrypto, verify: () => true };
  const channel = await connect(url, { ca: ca.pem, provider: lax });
  await expect(connect(url, { ca: ca.pem })).rejects.toMatchObject({ code: "bad_signature" });
  channel.abort();
  await server.close();
});
