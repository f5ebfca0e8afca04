/** If a provider fails during a key exchange, the error is internal, and never the peer's fault. */

import {
  type Awaitable,
  accept,
  type CipherSuite,
  type CryptoProvider,
  connect,
  type KeyShareGenerator,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
} from "@handclasp/core";
import { finiteField } from "@handclasp/core/unstable";

import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue({ algorithm: "rsa-2048" }));
const key = new Uint8Array(32).fill(7);

/** `nodeCrypto` with another `agree` function in its key shares. */
function providerWith(agree: () => Awaitable<Uint8Array | undefined>): CryptoProvider {
  const changed =
    (make: KeyShareGenerator): KeyShareGenerator =>
    async (random) => ({ ...(await make(random)), agree });
  return {
    ...nodeCrypto,
    groups: { x25519: changed(nodeCrypto.groups.x25519 as KeyShareGenerator) },
    finiteField: (prime, length) => changed(finiteField(prime, length)),
  };
}

/** The error of each side. */
async function ends(suite: CipherSuite, client: CryptoProvider, server: CryptoProvider) {
  const { a, b } = memoryPair();
  const psk = !suite.keyExchange.usesCertificate;
  const [mine, theirs] = await Promise.allSettled([
    connect(a, {
      provider: client,
      suites: [suite],
      serverName: "localhost",
      ...(psk ? { psk: { identity: "device", key } } : { ca: ca.pem }),
    }),
    accept(b, {
      provider: server,
      suites: [suite],
      ...(psk ? { psk: { lookup: () => key } } : { credentials: [credential] }),
    }),
  ]);
  const reason = (end: typeof mine): unknown => (end.status === "rejected" ? end.reason : "no error");
  return { client: reason(mine), server: reason(theirs) };
}

const broken = new Error("the provider broke");
const ours = { alert: "internal_error", fault: "internal", by: "us", cause: broken };
const theirs = { alert: "internal_error", by: "peer" };

describe.each([
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
])("a key share of the provider, $name,", (suite) => {
  test.each<[string, () => Awaitable<Uint8Array>]>([
    [
      "throws",
      () => {
        throw broken;
      },
    ],
    ["rejects", () => Promise.reject(broken)],
  ])("that %s in `agree` causes an internal error", async (_, agree) => {
    const provider = providerWith(agree);
    const client = await ends(suite, provider, nodeCrypto);
    expect(client.client).toMatchObject(ours);
    expect(client.server).toMatchObject(theirs);
    const server = await ends(suite, nodeCrypto, provider);
    expect(server.server).toMatchObject(ours);
    expect(server.client).toMatchObject(theirs);
  });

  test("that refuses a public key causes an error with the fault of the peer", async () => {
    const refusing = providerWith(() => undefined);
    const refusal = { alert: "illegal_parameter", fault: "peer", by: "us" };
    expect((await ends(suite, refusing, nodeCrypto)).client).toMatchObject(refusal);
    expect((await ends(suite, nodeCrypto, refusing)).server).toMatchObject(refusal);
  });
});
