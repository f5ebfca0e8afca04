/** DHE: the groups and public values that each side accepts, and the leading zeros of the shared secret. */

import { createHash, getDiffieHellman } from "node:crypto";
import {
  type AcceptOptions,
  accept,
  type CipherSuite,
  type CryptoProvider,
  connect,
  dheSuites,
  type FiniteField,
  type FiniteFieldGroup,
  ffdhe2048,
  ffdhe3072,
  ffdhe4096,
  noble,
  type Random,
  secp256r1,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_RSA_WITH_AES_128_GCM_SHA256,
  type TraceEvent,
  x25519,
} from "@handclasp/core";
import { finiteField, toHex } from "@handclasp/core/unstable";

import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import { modpFields } from "../../src/crypto/finiteField.ts";

const suite = TLS_DHE_RSA_WITH_AES_128_GCM_SHA256;
const ca = await testCa();
const credential = nodeCredential(await ca.issue({ algorithm: "rsa-2048" }));

type Options = Omit<Partial<Parameters<typeof connect>[1] & AcceptOptions>, "credentials">;

/** The session of each side, or its error. */
async function handshake(client: Options, server: Options = {}) {
  const { a, b } = memoryPair();
  const common = { provider: nodeCrypto, suites: [suite] };
  const [clientSettled, serverSettled] = await Promise.allSettled([
    connect(a, { ...common, ca: ca.pem, serverName: "localhost", ...client }),
    accept(b, { ...common, credentials: [credential], ...server }),
  ]);
  const outcome = (end: typeof clientSettled) => (end.status === "fulfilled" ? end.value.session : end.reason);
  return { client: outcome(clientSettled), server: outcome(serverSettled) };
}

/** Options of a server that uses `field`, whatever the client offers. */
function serverWith(field: FiniteField): Options {
  const group = { kind: "field", id: 0x0100, name: "ffdhe2048", field } as FiniteFieldGroup;
  return { groups: [group], suites: [{ ...suite, keyExchange: { ...suite.keyExchange, groups: [group] } }] };
}

describe("the primes", () => {
  test.each(modpFields.map((field, i) => [field.name, field, `modp${14 + i}`] as const))(
    "%s is group %s of RFC 3526",
    (_, field, name) => {
      expect(toHex(field.prime())).toBe(getDiffieHellman(name).getPrime("hex"));
    },
  );
  // Digests of the primes in RFC 7919 appendix A. Checked once with OpenSSL: safe primes, and equal to its own.
  test.each([
    [ffdhe2048, "9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966"],
    [ffdhe3072, "0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17"],
    [ffdhe4096, "4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e"],
  ])("$name has the prime of RFC 7919", ({ field }, digest) => {
    expect(createHash("sha256").update(field.prime()).digest("hex")).toBe(digest);
  });
});

describe("the group", () => {
  test("is the first of the server's groups that the client offers", async () => {
    const { client, server } = await handshake({ groups: [ffdhe2048, ffdhe4096] }, { groups: [ffdhe4096, ffdhe2048] });
    expect(client).toMatchObject({ suite: suite.name, group: "ffdhe4096", signatureScheme: "rsa_pss_rsae_sha256" });
    expect(server).toMatchObject({ group: "ffdhe4096" });
  });

  test("is the first of the server's finite fields if the client names none", async () => {
    const agreed: unknown[] = [];
    const trace = (event: TraceEvent) => void (event.type === "agreed" && agreed.push(event.group));
    const withoutGroups = { ...suite, keyExchange: { ...suite.keyExchange, groups: [] } };
    await handshake({ suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, withoutGroups], groups: [x25519] }, { trace });
    expect(agreed).toEqual(["ffdhe2048"]);
  });

  test("must be a common one; otherwise the server chooses another suite, or sends insufficient_security", async () => {
    const others = { groups: [ffdhe3072] };
    const refused = await handshake(others, { groups: [ffdhe2048] });
    expect(refused.server).toMatchObject({ alert: "insufficient_security", by: "us", code: "no_shared_cipher" });
    expect(refused.client).toMatchObject({ alert: "insufficient_security", by: "peer" });
    const suites = [suite, TLS_RSA_WITH_AES_128_GCM_SHA256];
    const { client } = await handshake({ ...others, suites }, { groups: [ffdhe2048], suites });
    expect(client).toMatchObject({ suite: TLS_RSA_WITH_AES_128_GCM_SHA256.name });
    expect(client.group).toBeUndefined();
  });

  test.each(modpFields.map((field) => [field.name, field] as const))("a client accepts %s", async (name, field) => {
    expect((await handshake({}, serverWith(field))).client).toMatchObject({ group: name });
  });

  test.each<[string, FiniteField]>([
    ["of RFC 7919 that was not offered", ffdhe4096.field],
    ["with an unknown prime", { ...ffdhe2048.field, prime: () => altered(ffdhe2048.field.prime()) }],
    ["of 1024 bits", { ...ffdhe2048.field, prime: () => new Uint8Array(getDiffieHellman("modp2").getPrime()) }],
  ])("a client refuses a group %s", async (_, field) => {
    const { client, server } = await handshake({ groups: [ffdhe2048] }, { ...serverWith(field), provider: noble });
    expect(client).toMatchObject({ code: "bad_dh_group", alert: "insufficient_security", by: "us" });
    expect(server).toMatchObject({ alert: "insufficient_security", by: "peer" });
  });

  test.each<[string, Options]>([
    ["DHE without a finite field", { groups: [x25519] }],
    ["ECDHE without a curve", { suites: [...dheSuites, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], groups: [ffdhe2048] }],
    ["CCM without node:crypto", { suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CCM], provider: noble }],
  ])("%s is a configuration error", async (_, options) => {
    const { client, server } = await handshake(options, options);
    for (const end of [client, server]) {
      expect(end).toMatchObject({ code: "configuration", fault: "configuration" });
      expect(end.message).toMatch(
        /has none of its groups, such as (ffdhe2048|x25519) \(add one|lacks suite TLS_ECDHE_ECDSA_WITH_AES_128_CCM/,
      );
    }
  });
});

function altered(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] = 0x7f;
  return copy;
}

describe("the public value", () => {
  /** A provider that sends `publicKey` in place of its own. */
  const sending = (publicKey: Uint8Array): CryptoProvider => ({
    ...nodeCrypto,
    finiteField: (prime, length) => async (random) => ({ ...(await finiteField(prime, length)(random)), publicKey }),
  });
  const p = ffdhe2048.field.prime();
  const pMinus1 = p.slice();
  pMinus1[p.length - 1] = 0xfe;
  test.each<[string, Uint8Array]>([
    ["0", Uint8Array.of(0)],
    ["1", Uint8Array.of(1)],
    ["1 after zeros", Uint8Array.from({ length: 256 }, (_, i) => +(i === 255))],
    ["p − 1", pMinus1],
    ["p", p],
    ["a number of p's length above p", new Uint8Array(p.length).fill(255)],
    ["a number longer than p", Uint8Array.from([1, ...p])],
  ])("%s is refused by both sides", async (_, value) => {
    const dishonest = { provider: sending(value) };
    const refusal = { code: "bad_dh_value", alert: "illegal_parameter", by: "us" };
    expect((await handshake({}, dishonest)).client).toMatchObject(refusal);
    expect((await handshake(dishonest)).server).toMatchObject(refusal);
  });
});

describe("leading zeros of the shared secret", () => {
  /** A source of "random" bytes that determines the private key of the key share. The key ends with the bits `last`. */
  const fixed =
    (last: number): Random =>
    (length) => {
      const bytes = new Uint8Array(length).fill(1);
      bytes[length - 2] = last >> 8;
      bytes[length - 1] = last;
      return bytes;
    };
  const sevens: Random = (length) => new Uint8Array(length).fill(7);

  async function premaster(suites: readonly CipherSuite[], options: Options, last: number): Promise<Uint8Array[]> {
    const secrets: Uint8Array[] = [];
    const trace = {
      secrets: true,
      listener(event: TraceEvent) {
        if (event.type === "secret" && event.name === "premaster_secret") secrets.push(event.bytes);
      },
    };
    const common = { ...options, suites, trace, provider: noble };
    const { client, server } = await handshake({ ...common, random: fixed(last) }, { ...common, random: sevens });
    expect(client).toMatchObject({ role: "client" });
    expect(server).toMatchObject({ role: "server" });
    return secrets;
  }

  test("DHE strips them (RFC 5246 §8.1.2)", async () => {
    const secrets = await premaster([suite], { groups: [ffdhe2048] }, 482);
    expect(secrets.map((secret) => [secret.length, secret[0]])).toEqual([
      [255, 0xe1],
      [255, 0xe1],
    ]);
    expect((await premaster([suite], { groups: [ffdhe2048] }, 483))[0]).toHaveLength(256);
  });

  test("ECDHE never strips them (RFC 8422 §5.10)", async () => {
    const secrets = await premaster([TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], { groups: [secp256r1] }, 126);
    expect(secrets.map((secret) => [secret.length, secret[0], secret[1]])).toEqual([
      [32, 0, 0x79],
      [32, 0, 0x79],
    ]);
  });
});
