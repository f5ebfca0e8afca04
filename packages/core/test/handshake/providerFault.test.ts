/** A provider that breaks in the midst of a key exchange: its own fault, never the peer's. */

import {
  type Awaitable,
  accept,
  type CipherSuite,
  type CryptoProvider,
  connect,
  type KeyAgreement,
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

/** nodeCrypto whose key shares agree in this way. */
function agreeing(agree: () => Awaitable<Uint8Array | undefined>): CryptoProvider {
  const changed =
    (make: KeyAgreement): KeyAgreement =>
    async (random) => ({ ...(await make(random)), agree });
  return {
    ...nodeCrypto,
    groups: { x25519: changed(nodeCrypto.groups.x25519 as KeyAgreement) },
    finiteField: (prime, length) => changed(finiteField(prime, length)),
  };
}

/** How the handshake fails on each side. */
async function ends(suite: CipherSuite, client: CryptoProvider, server: CryptoProvider) {
  const { a, b } = memoryPair();
  const psk = !suite.keyExchange.certified;
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

const broken = new Error("the host's cryptography broke");
const ours = { alert: "internal_error", fault: "internal", by: "us", cause: broken };
const theirs = { alert: "internal_error", by: "peer" };

describe.each([
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
])("a provider whose key share breaks, $name", (suite) => {
  test.each<[string, () => Awaitable<Uint8Array>]>([
    [
      "throws",
      () => {
        throw broken;
      },
    ],
    ["rejects", () => Promise.reject(broken)],
  ])("and %s is at fault itself", async (_, agree) => {
    const provider = agreeing(agree);
    const client = await ends(suite, provider, nodeCrypto);
    expect(client.client).toMatchObject(ours);
    expect(client.server).toMatchObject(theirs);
    const server = await ends(suite, nodeCrypto, provider);
    expect(server.server).toMatchObject(ours);
    expect(server.client).toMatchObject(theirs);
  });

  test("and a public key that it refuses is the peer's fault", async () => {
    const refusing = agreeing(() => undefined);
    const refusal = { alert: "illegal_parameter", fault: "peer", by: "us" };
    expect((await ends(suite, refusing, nodeCrypto)).client).toMatchObject(refusal);
    expect((await ends(suite, nodeCrypto, refusing)).server).toMatchObject(refusal);
  });
});
