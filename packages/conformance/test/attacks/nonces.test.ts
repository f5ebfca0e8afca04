/**
 * Nonce reuse (Böck and others, 2016): no key ever seals twice with one nonce, also if the provider answers out of
 * order or fails, and if the transport is full or gone.
 */
import {
  type AcceptOptions,
  type Aead,
  type Awaitable,
  accept,
  type CipherSuite,
  type Ciphers,
  type CryptoProvider,
  connect,
  keepSessions,
  noble,
  nodeCredential,
  nodeCrypto,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsConnection,
} from "@handclasp/node";
import { asyncProvider, memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { parseRecords } from "../../../core/test/handshake/mitm.ts";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["localhost"] }));
const ticketKey = new Uint8Array(48).fill(9);

type Failure = "never" | "throws" | "rejects";

/** A provider that notes the key and the nonce of each call of `seal`, and whose calls can fail. */
function watched(inner: CryptoProvider, readsLate: boolean) {
  const uses: string[] = [];
  const failing: { how: Failure } = { how: "never" };
  const watchAead = (aead: Aead, key: string): Aead => {
    const seal: Aead["seal"] = (nonce, ...others) => {
      uses.push(`${key} ${Buffer.from(nonce).toString("hex")}`);
      if (failing.how === "throws") throw new Error("the provider has failed");
      // A provider that fails may already have written the ciphertext.
      const sealed = aead.seal(nonce, ...others);
      return failing.how === "rejects" ? Promise.reject(new Error("the provider has failed")) : sealed;
    };
    // A provider may read its input until its promise settles.
    const sealLate: Aead["seal"] = (...args) => Promise.resolve().then(() => seal(...args));
    return { open: (...args) => aead.open(...args), seal: readsLate ? sealLate : seal };
  };
  const watch = (make: (key: Uint8Array) => Awaitable<Aead>) => (key: Uint8Array) => {
    const name = Buffer.from(key).toString("hex");
    const aead = make(key);
    return "then" in aead ? aead.then((ready) => watchAead(ready, name)) : watchAead(aead, name);
  };
  const ciphers = Object.fromEntries(
    Object.entries(inner.ciphers)
      .filter(([name]) => !name.includes("CBC"))
      .map(([name, make]) => [name, watch(make as (key: Uint8Array) => Awaitable<Aead>)]),
  ) as Ciphers;
  return { provider: { ...inner, ciphers }, uses, failing };
}

/** A generator of numbers for `asyncProvider`, so that its order is the same in each run. */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const suites: readonly CipherSuite[] = [
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
];
type MakeProvider = () => CryptoProvider;
const providers: readonly (readonly [string, MakeProvider, readsLate?: boolean])[] = [
  ["nodeCrypto", () => nodeCrypto],
  ["noble", () => noble],
  ["promises that read their input late", () => nodeCrypto, true],
  ["promises that settle out of order", () => asyncProvider(nodeCrypto, { random: seeded(), maxDelayMs: 0 })],
];
const cases = providers.flatMap(([name, make, readsLate = false]) =>
  suites
    .filter(({ cipher }) => make().ciphers[cipher])
    .map((suite) => [name, suite.name, () => watched(make(), readsLate), suite] as const),
);

describe.each(cases)("with %s and %s", (_, _suite, make, suite) => {
  /** Connects, writes in both directions at once, and lets `end` end the connection. */
  async function exchange(
    options: Partial<AcceptOptions>,
    client: Parameters<typeof connect>[1],
    end: (ends: readonly [TlsConnection, TlsConnection], pair: ReturnType<typeof memoryPair>) => Promise<unknown>,
  ) {
    const sent: Record<"a->b" | "b->a", Uint8Array[]> = { "a->b": [], "b->a": [] };
    const pair = memoryPair({
      highWater: 1, // each `send` is answered with "full"
      alter(bytes, direction) {
        sent[direction].push(bytes.slice());
        return bytes;
      },
    });
    const ends = await Promise.all([connect(pair.a, client), accept(pair.b, { credentials, ...options })]);
    const writes = ends.flatMap((one) =>
      [1, 20_000, 0, 300, 16_384, 5].map((length) => one.write(new Uint8Array(length))),
    );
    for (const one of ends) void drain(one);
    await Promise.allSettled(writes);
    await end(ends, pair);
    return { sent, ends };
  }
  async function drain(connection: TlsConnection): Promise<void> {
    try {
      for await (const bytes of connection) void bytes;
    } catch {}
  }

  /** The explicit nonces of the protected records of one direction. */
  function explicitNonces(messages: readonly Uint8Array[]): readonly bigint[] {
    const records = parseRecords(Buffer.concat(messages));
    const first = records.findIndex(({ type }) => type === 20) + 1;
    return records.slice(first).map(({ body }) => Buffer.from(body).readBigUInt64BE(0));
  }

  test("no key seals twice with one nonce, in full and in resumed connections", async () => {
    const { provider, uses } = make();
    const sessions = keepSessions();
    const common = { provider, suites: [suite] };
    const resumed: boolean[] = [];
    for (let i = 0; i < 4; i++) {
      const { sent, ends } = await exchange(
        { ...common, ticketKeys: [ticketKey] },
        { ...common, ca: ca.pem, serverName: "localhost", sessions },
        ([client, server]) => Promise.all([client.close(), server.close()]),
      );
      resumed.push(ends[0].session.resumed);
      if (suite.fixedIvLength === 4)
        for (const direction of ["a->b", "b->a"] as const) {
          const nonces = explicitNonces(sent[direction]);
          // On the wire, they are the sequence numbers: none is repeated, and none is left out.
          expect(nonces).toEqual(nonces.map((_each, number) => BigInt(number)));
          expect(nonces.length).toBeGreaterThan(4);
        }
    }
    expect(resumed).toEqual([false, true, true, true]);
    expect(new Set(uses).size).toBe(uses.length);
    // Two keys of each connection, and the ticket key.
    const keys = new Set(uses.map((use) => use.split(" ")[0]));
    expect(keys.size).toBe(9);
  });

  test.each(["throws", "rejects"] as const)("no nonce serves again after a call of `seal` %s", async (how) => {
    const { provider, uses, failing } = make();
    const common = { provider, suites: [suite] };
    await exchange({ ...common, tickets: false }, { ...common, ca: ca.pem, serverName: "localhost" }, async (ends) => {
      failing.how = how;
      const before = uses.length;
      const results = await Promise.allSettled(
        ends.flatMap((one) => [
          one.write(new Uint8Array(9)),
          one.write(new Uint8Array(20_000)),
          one.write(new Uint8Array(1)),
        ]),
      );
      failing.how = "never";
      for (const one of ends) results.push(...(await Promise.allSettled([one.write(new Uint8Array(3)), one.close()])));
      for (const one of ends) one.abort();
      expect(results.some(({ status }) => status === "rejected")).toBe(true);
      expect(uses.length).toBeGreaterThan(before);
    });
    expect(new Set(uses).size).toBe(uses.length);
  });

  test("no nonce serves again after the transport has gone in the middle of writes", async () => {
    const { provider, uses } = make();
    const common = { provider, suites: [suite] };
    await exchange(
      { ...common, tickets: false },
      { ...common, ca: ca.pem, serverName: "localhost" },
      async (ends, pair) => {
        const writes = ends.flatMap((one) => [one.write(new Uint8Array(30_000)), one.write(new Uint8Array(7))]);
        pair.fail(new Error("the network has gone"));
        for (const one of ends) writes.push(one.write(new Uint8Array(3)), one.close());
        await Promise.allSettled(writes);
        for (const one of ends) one.abort();
      },
    );
    expect(new Set(uses).size).toBe(uses.length);
    expect(uses.length).toBeGreaterThan(4);
  });
});
