/** A provider may read the input of `seal` until its promise settles, and may call a connection while it seals. */
import {
  type Aead,
  accept,
  type CryptoProvider,
  connect,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  type TlsConnection,
} from "@handclasp/core";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { ca, credential, passTime, roles, useVirtualClock } from "./endings.ts";

useVirtualClock();

const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const fragmentLength = 16_384;

/** nodeCrypto with a wrapped `seal` of AES-128-GCM. */
const sealingProvider = (wrapSeal: (seal: Aead["seal"]) => Aead["seal"]): CryptoProvider => ({
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: (key) => {
      const aead = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
      return { open: (...args) => aead.open(...args), seal: wrapSeal((...args) => aead.seal(...args)) };
    },
  },
});

async function openPair(client: CryptoProvider, server: CryptoProvider): Promise<[TlsConnection, TlsConnection]> {
  const { a, b } = memoryPair();
  const opening = Promise.all([
    connect(a, { provider: client, suites, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: server, suites, credentials: [credential] }),
  ]);
  opening.catch(() => {});
  for (let i = 0; i < 20; i++) await passTime(5);
  return opening;
}

/** Counts the bytes of each value that a connection reads. */
function countBytes(connection: TlsConnection): { readonly counts: Map<number, number>; end: string } {
  const counter = { counts: new Map<number, number>(), end: "pending" };
  (async () => {
    for await (const bytes of connection)
      for (const byte of bytes) counter.counts.set(byte, (counter.counts.get(byte) ?? 0) + 1);
  })().then(
    () => (counter.end = "clean"),
    (error: unknown) => (counter.end = String(error)),
  );
  return counter;
}

describe.each(roles)("a %s whose provider reads the input of `seal` late", (role) => {
  const lateProvider = sealingProvider((seal) => async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await seal(...args);
  });

  test.each([fragmentLength, 3 * fragmentLength])(
    "sends the bytes as they were written, even if they change once the write has resolved: %s bytes",
    async (length) => {
      const [client, server] = await openPair(
        role === "client" ? lateProvider : nodeCrypto,
        role === "server" ? lateProvider : nodeCrypto,
      );
      const [local, peer] = role === "client" ? [client, server] : [server, client];
      const counter = countBytes(peer);
      const bytes = new Uint8Array(length);
      for (const value of [1, 2]) {
        bytes.fill(value);
        const written = local.write(bytes);
        for (let i = 0; i < 10; i++) await passTime(5);
        await written;
      }
      // A write may resolve before its bytes are sealed. Here they change as soon as it resolves.
      for (const value of [3, 4]) {
        bytes.fill(value);
        let isResolved = false;
        void local.write(bytes).then(() => {
          bytes.fill(0);
          isResolved = true;
        });
        while (!isResolved) await passTime(1);
      }
      for (let i = 0; i < 20; i++) await passTime(5);
      expect([...counter.counts]).toEqual([1, 2, 3, 4].map((value) => [value, length]));
    },
  );
});

describe("a provider that writes to a connection while it seals", () => {
  test.each(["another", "the same"] as const)(
    "never repeats a nonce, and the peers read everything, if it writes to %s connection",
    async (target) => {
      const nonces: string[][] = [];
      let otherConnection: TlsConnection | undefined;
      const failures: unknown[] = [];
      const provider = sealingProvider((seal) => {
        const used: string[] = [];
        nonces.push(used);
        return (nonce, data, plaintext, out) => {
          const connection = otherConnection;
          if (plaintext.length === fragmentLength && connection) {
            otherConnection = undefined;
            connection.write(new Uint8Array(fragmentLength).fill(2)).catch((error: unknown) => failures.push(error));
          }
          used.push(Buffer.from(nonce).toString("hex"));
          return seal(nonce, data, plaintext, out);
        };
      });
      const [first, firstPeer] = await openPair(provider, nodeCrypto);
      const [second, secondPeer] = await openPair(provider, nodeCrypto);
      const counters = [countBytes(firstPeer), countBytes(secondPeer)];
      otherConnection = target === "another" ? second : first;
      await first.write(new Uint8Array(fragmentLength).fill(1));
      await passTime(10);
      for (const list of nonces) expect(new Set(list).size).toBe(list.length);
      const read = counters.map(({ counts }) => Object.fromEntries(counts));
      expect(read).toEqual(
        target === "another"
          ? [{ 1: fragmentLength }, { 2: fragmentLength }]
          : [{ 1: fragmentLength, 2: fragmentLength }, {}],
      );
      expect(counters.map(({ end }) => end)).toEqual(["pending", "pending"]);
      expect(failures).toEqual([]);
    },
  );
});
