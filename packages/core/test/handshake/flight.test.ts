/** A flight that waits for its keys goes to the transport in one call of `send`. The connection can end before that. */
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

test("with an asynchronous provider, each flight of the client and the server's last one take one `send`", async () => {
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
  // The server needs two calls for its first flight, because it waits for its key share and then for its signature.
  expect(sent).toEqual({ a: 2, b: 3 });
  for (const end of ends) end.abort();
});

test.each(["the transport fails", "the caller aborts"])(
  "a handshake whose keys never arrive ends when %s",
  async (what) => {
    const pair = memoryPair();
    let reportRequest = (): void => {};
    const cipherRequested = new Promise<void>((resolve) => {
      reportRequest = resolve;
    });
    const provider: CryptoProvider = {
      ...nodeCrypto,
      ciphers: {
        AES_128_GCM: () => {
          reportRequest();
          return new Promise(() => {});
        },
      },
    };
    const controller = new AbortController();
    const ends = Promise.allSettled([
      connect(pair.a, {
        provider,
        suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
        ca: pki.ca,
        serverName: "localhost",
        signal: controller.signal,
      }),
      accept(pair.b, { provider: nodeCrypto, credentials: [pki.server] }),
    ]);
    await cipherRequested;
    if (what === "the caller aborts") controller.abort();
    else pair.fail(new Error("broken"));
    expect(await ends).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  },
);

test("if Finished cannot be encrypted, the records before it are sent, and none after it", async () => {
  const pair = memoryPair();
  const types: number[] = [];
  const send = pair.a.send.bind(pair.a);
  pair.a.send = (bytes) => {
    for (let at = 0; at < bytes.length; at += 5 + (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)))
      types.push(bytes[at] as number);
    return send(bytes);
  };
  let failsNext = true;
  const provider: CryptoProvider = {
    ...nodeCrypto,
    ciphers: {
      AES_128_GCM(key) {
        const real = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
        return {
          open: real.open.bind(real),
          async seal(...what) {
            if (!failsNext) return real.seal(...what);
            failsNext = false;
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
  // ClientHello, ClientKeyExchange, ChangeCipherSpec. The client sends no alert, because the server would expect
  // another sequence number.
  expect(types).toEqual([22, 22, 20]);
  expect(ends).toMatchObject([
    { status: "rejected", reason: { alert: "internal_error", by: "us" } },
    { status: "rejected", reason: { code: "closed_during_handshake", by: "us" } },
  ]);
});
