/** A client's answer to the server goes out as one message, and does not keep the connection from ending. */
import {
  type Aead,
  type CryptoProvider,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  type TlsConnection,
} from "@handclasp/core";
import { asyncProvider, memoryPair } from "@handclasp/testing";
import { expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { accept } from "../../src/connection/accept.ts";
import { connect } from "../../src/connection/connect.ts";
import { pki } from "./extensions/connectPair.ts";

test("with a provider that answers later, a client's flight is one message, and the end of a server's", async () => {
  const sent: Record<"a" | "b", number> = { a: 0, b: 0 };
  const pair = memoryPair();
  for (const end of ["a", "b"] as const) {
    const send = pair[end].send.bind(pair[end]);
    pair[end].send = (bytes) => {
      sent[end]++;
      return send(bytes);
    };
  }
  const provider = asyncProvider(nodeCrypto);
  const ends: TlsConnection[] = await Promise.all([
    connect(pair.a, { provider, ca: pki.ca, serverName: "localhost" }),
    accept(pair.b, { provider, credentials: [pki.server] }),
  ]);
  // A server's first is two: it waits for its share, and for its signature.
  expect(sent).toEqual({ a: 2, b: 3 });
  for (const end of ends) end.abort();
});

test.each(["the carrier breaks", "we give up"])("a handshake whose keys never come ends when %s", async (what) => {
  const pair = memoryPair();
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const provider: CryptoProvider = {
    ...nodeCrypto,
    ciphers: {
      AES_128_GCM: () => {
        ask();
        return new Promise(() => {});
      },
    },
  };
  const ended = new AbortController();
  const ends = Promise.allSettled([
    connect(pair.a, {
      provider,
      suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
      ca: pki.ca,
      serverName: "localhost",
      signal: ended.signal,
    }),
    accept(pair.b, { provider: nodeCrypto, credentials: [pki.server] }),
  ]);
  await asked;
  if (what === "we give up") ended.abort();
  else pair.fail(new Error("broken"));
  expect(await ends).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
});

test("a Finished that cannot be sealed leaves what goes before it, and nothing goes behind it", async () => {
  const pair = memoryPair();
  const types: number[] = [];
  const send = pair.a.send.bind(pair.a);
  pair.a.send = (bytes) => {
    for (let at = 0; at < bytes.length; at += 5 + (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)))
      types.push(bytes[at] as number);
    return send(bytes);
  };
  let broken = true;
  const provider: CryptoProvider = {
    ...nodeCrypto,
    ciphers: {
      AES_128_GCM(key) {
        const real = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
        return {
          open: real.open.bind(real),
          async seal(...what) {
            if (!broken) return real.seal(...what);
            broken = false;
            throw new Error("the provider broke");
          },
        };
      },
    },
  };
  const ends = await Promise.allSettled([
    connect(pair.a, {
      provider,
      suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
      ca: pki.ca,
      serverName: "localhost",
    }),
    accept(pair.b, { provider: nodeCrypto, credentials: [pki.server] }),
  ]);
  // ClientHello, ClientKeyExchange, ChangeCipherSpec: an alert would be under a number that the server does not expect.
  expect(types).toEqual([22, 22, 20]);
  expect(ends).toMatchObject([
    { status: "rejected", reason: { alert: "internal_error", by: "us" } },
    { status: "rejected", reason: { code: "closed_during_handshake", by: "us" } },
  ]);
});
