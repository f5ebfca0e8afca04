/** A provider fails to seal a record, in some tests after the application has already closed. */
import { type Aead, accept, type CryptoProvider, connect, type TlsConnection } from "@handclasp/core";
import { memoryPair, testCa } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ names: ["localhost"] }));
const failingLength = 77;

const throwProviderError = (): never => {
  throw new Error("the provider broke");
};
const failingAead = (make: (key: Uint8Array) => Aead, isLate: boolean) => (key: Uint8Array) => {
  const inner = make(key);
  return {
    seal(nonce, additionalData, plaintext, out) {
      const seal = () =>
        plaintext.length === failingLength ? throwProviderError() : inner.seal(nonce, additionalData, plaintext, out);
      return isLate ? new Promise((resolve) => setTimeout(resolve, 1)).then(seal) : seal();
    },
    open: inner.open.bind(inner),
  } satisfies Aead;
};
const failingProvider = (isLate: boolean): CryptoProvider => ({
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: failingAead(nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead, isLate),
    AES_256_GCM: failingAead(nodeCrypto.ciphers.AES_256_GCM as (key: Uint8Array) => Aead, isLate),
  },
});

async function openPair(provider = failingProvider(true)): Promise<[TlsConnection, TlsConnection]> {
  const { a, b } = memoryPair();
  return Promise.all([
    connect(a, { provider, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: nodeCrypto, credentials: [credential] }),
  ]);
}
const readOnce = (channel: TlsConnection) => channel.read().catch((error: unknown) => error);

test("data that could not be sealed causes an error, even after both sides have closed", async () => {
  const [client, server] = await openPair();
  const readEnd = readOnce(server);
  await server.closeWrite();
  expect(await client.read()).toBeUndefined();
  await client.write(new Uint8Array(failingLength));
  await expect(client.closeWrite()).rejects.toMatchObject({ alert: "internal_error" });
  await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
  expect(await readEnd).toMatchObject({ code: "truncated" });
});

test("data that could not be sealed causes an error, also if the peer has not closed", async () => {
  const [client, server] = await openPair();
  const readEnd = readOnce(server);
  await client.write(new Uint8Array(failingLength));
  await client.closeWrite();
  await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
  expect(await readEnd).toBeInstanceOf(Error);
});

test.each([
  ["at once", false],
  ["later", true],
])(
  "a record whose sealing fails %s ends the transport: the peer sees a truncation, not a bad record",
  async (_, isLate) => {
    const [client, server] = await openPair(failingProvider(isLate));
    const readEnd = readOnce(server);
    await client.write(new Uint8Array(failingLength)).catch(() => {});
    await expect(client.closed).rejects.toMatchObject({ alert: "internal_error", fault: "internal" });
    expect(await readEnd).toMatchObject({ code: "truncated" });
  },
);
