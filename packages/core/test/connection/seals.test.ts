/** What a provider may do while it seals: read its input until it answers, and call back into a connection. */
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
import { ca, credential, pass, roles, virtualTime } from "./endings.ts";

virtualTime();

const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const fragment = 16_384;

/** nodeCrypto whose AES-128-GCM seals as `wrap` says. */
const sealing = (wrap: (seal: Aead["seal"]) => Aead["seal"]): CryptoProvider => ({
  ...nodeCrypto,
  ciphers: {
    AES_128_GCM: (key) => {
      const aead = (nodeCrypto.ciphers.AES_128_GCM as (key: Uint8Array) => Aead)(key);
      return { open: (...what) => aead.open(...what), seal: wrap((...what) => aead.seal(...what)) };
    },
  },
});

async function pairOf(client: CryptoProvider, server: CryptoProvider): Promise<[TlsConnection, TlsConnection]> {
  const { a, b } = memoryPair();
  const both = Promise.all([
    connect(a, { provider: client, suites, ca: ca.pem, serverName: "localhost" }),
    accept(b, { provider: server, suites, credentials: [credential] }),
  ]);
  both.catch(() => {});
  for (let i = 0; i < 20; i++) await pass(5);
  return both;
}

/** How many bytes of each value a connection has read. */
function reading(connection: TlsConnection): { readonly counts: Map<number, number>; end: string } {
  const seen = { counts: new Map<number, number>(), end: "pending" };
  (async () => {
    for await (const bytes of connection)
      for (const byte of bytes) seen.counts.set(byte, (seen.counts.get(byte) ?? 0) + 1);
  })().then(
    () => (seen.end = "clean"),
    (error: unknown) => (seen.end = String(error)),
  );
  return seen;
}

describe.each(roles)("a provider of a %s's that reads its input when it answers, later", (role) => {
  const late = sealing((seal) => async (...what) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await seal(...what);
  });

  test.each([fragment, 3 * fragment])("sends what was written, whatever becomes of it: %s bytes", async (length) => {
    const [client, server] = await pairOf(role === "client" ? late : nodeCrypto, role === "server" ? late : nodeCrypto);
    const [own, peer] = role === "client" ? [client, server] : [server, client];
    const seen = reading(peer);
    const bytes = new Uint8Array(length);
    for (const value of [1, 2]) {
      bytes.fill(value);
      const written = own.write(bytes);
      for (let i = 0; i < 10; i++) await pass(5);
      await written;
    }
    // One that resolved at once, and one whose bytes are changed as soon as it has.
    for (const value of [3, 4]) {
      bytes.fill(value);
      let resolved = false;
      void own.write(bytes).then(() => {
        bytes.fill(0);
        resolved = true;
      });
      while (!resolved) await pass(1);
    }
    for (let i = 0; i < 20; i++) await pass(5);
    expect([...seen.counts]).toEqual([1, 2, 3, 4].map((value) => [value, length]));
  });
});

describe("a provider that writes to a connection while it seals", () => {
  test.each(["another", "the same"] as const)(
    "to %s connection: no nonce comes twice, and the peers read all",
    async (which) => {
      const nonces: string[][] = [];
      let victim: TlsConnection | undefined;
      const failures: unknown[] = [];
      const provider = sealing((seal) => {
        const seen: string[] = [];
        nonces.push(seen);
        return (nonce, data, plaintext, out) => {
          const inner = victim;
          if (plaintext.length === fragment && inner) {
            victim = undefined;
            inner.write(new Uint8Array(fragment).fill(2)).catch((error: unknown) => failures.push(error));
          }
          seen.push(Buffer.from(nonce).toString("hex"));
          return seal(nonce, data, plaintext, out);
        };
      });
      const [first, firstPeer] = await pairOf(provider, nodeCrypto);
      const [second, secondPeer] = await pairOf(provider, nodeCrypto);
      const seen = [reading(firstPeer), reading(secondPeer)];
      victim = which === "another" ? second : first;
      await first.write(new Uint8Array(fragment).fill(1));
      await pass(10);
      for (const list of nonces) expect(new Set(list).size).toBe(list.length);
      const read = seen.map(({ counts }) => Object.fromEntries(counts));
      expect(read).toEqual(
        which === "another" ? [{ 1: fragment }, { 2: fragment }] : [{ 1: fragment, 2: fragment }, {}],
      );
      expect(seen.map(({ end }) => end)).toEqual(["pending", "pending"]);
      expect(failures).toEqual([]);
    },
  );
});
