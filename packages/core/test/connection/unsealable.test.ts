/** A provider that fails at a record later than the application has closed behind it. */
import { type Aead, accept, type CryptoProvider, connect, type TlsConnection } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const unsealable = 77;

const broken = (): never => {
  throw new Error("the provider broke");
};
const failing = (make: (key: Uint8Array) => Aead, late: boolean) => (key: Uint8Array) => {
  const inner = make(key);
  return {
    seal(nonce, additionalData, plaintext, out) {
      const seal = () =>
        plaintext.length === unsealable ? broken() : inner.seal(nonce, additionalData, plaintext, out);
      return late ? new Promise((resolve) => setTimeout(resolve, 1)).then(seal) : seal();
    },
    open: inner.open.bind(inner),
  } satisfies Aead;
};
const failingProvider = (late: boolean): CryptoProvider => ({
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: failing(nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead, late),
    AES_256_GCM: failing(nodeCrypto.ciphers.AES_256_GCM as (key: Uint8Array) => Aead, late),
  },
});

async function pair(provider = failingProvider(true)): Promise<[TlsConnection, TlsConnection]> {
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

test.each([
  ["at once", false],
  ["later", true],
])("whose record could not be sealed, %s, does not read as one who was attacked: nothing follows", async (_, late) => {
  const [client, server] = await pair(failingProvider(late));
  const end = outcome(server);
  await client.write(new Uint8Array(unsealable)).catch(() => {});
  await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
  expect(await end).toMatchObject({ code: "truncated" });
});
