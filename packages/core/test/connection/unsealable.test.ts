/** A provider that fails at a record later than the application has closed behind it. */
import { type Aead, accept, type CryptoProvider, connect, type TlsConnection } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const unsealable = 77;

const failing = (make: (key: Uint8Array) => Aead) => async (key: Uint8Array) => {
  const inner = make(key);
  return {
    async seal(nonce, additionalData, plaintext, out) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (plaintext.length === unsealable) throw new Error("the provider broke");
      return inner.seal(nonce, additionalData, plaintext, out);
    },
    open: inner.open.bind(inner),
  } satisfies Aead;
};
const provider: CryptoProvider = {
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: failing(nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead),
    AES_256_GCM: failing(nodeCrypto.ciphers.AES_256_GCM as (key: Uint8Array) => Aead),
  },
};

async function pair(): Promise<[TlsConnection, TlsConnection]> {
  const { a, b } = memoryPair();
  return Promise.all([
    connect(a, { provider, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
}
const outcome = (channel: TlsConnection) => channel.read().catch((error: unknown) => error);

test("what could not be sealed is no end in order, though both sides had said theirs", async () => {
  const [client, server] = await pair();
  const end = outcome(server);
  await server.closeWrite();
  expect(await client.read()).toBeUndefined();
  await client.write(new Uint8Array(unsealable));
  await expect(client.closeWrite()).rejects.toMatchObject({ alert: "internal_error" });
  await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
  expect(await end).toMatchObject({ code: "truncated" });
});

test("nor is it before the peer's end", async () => {
  const [client, server] = await pair();
  const end = outcome(server);
  await client.write(new Uint8Array(unsealable));
  await client.closeWrite();
  await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
  expect(await end).toBeInstanceOf(Error);
});
