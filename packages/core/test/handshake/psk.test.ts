/** PSK and ECDHE_PSK (RFC 4279, RFC 5489): the keys that are accepted, and the errors that a wrong key causes. */

import {
  accept,
  connect,
  ecdhePskSuites,
  modernSuites,
  type PresharedKey,
  pskSuites,
  type Session,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_PSK_WITH_AES_128_GCM_SHA256,
  type TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { fromHex, toHex } from "@handclasp/core/unstable";

import { serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";
import type { KeyExchangeRow } from "../../src/handshake/keyExchange/exchange.ts";
import { psk as pskExchange } from "../../src/handshake/keyExchange/psk.ts";
import { clientPskKeyExchange } from "../../src/wire/messages.ts";

const ca = await testCa();
const credential = nodeCredential(await ca.issue());
const untrustedCredential = nodeCredential(await (await testCa()).issue());
const key = fromHex("000102030405060708090a0b0c0d0e0f");
const identity = "Gerät 7";
const suite = TLS_PSK_WITH_AES_128_GCM_SHA256;
const lookup = (name: string) => (name === identity ? key : undefined);

type Client = Partial<Parameters<typeof connect>[1]>;
type Server = Partial<Parameters<typeof accept>[1]>;
type End = Partial<Session> & Partial<TlsError>;

/** The session of each side, or its error; and the names of the handshake messages. */
async function ends(client: Client = {}, server: Server = {}) {
  const { a, b } = memoryPair();
  const messages: string[] = [];
  const trace = (event: TraceEvent) => void (event.type === "handshake" && messages.push(event.name));
  const common = { provider: nodeCrypto, suites: [suite] };
  const [mine, theirs] = await Promise.allSettled([
    connect(a, { ...common, psk: { identity, key }, trace, ...client }),
    accept(b, { ...common, psk: { lookup }, ...server }),
  ]);
  const outcome = (end: typeof mine): End => (end.status === "fulfilled" ? end.value.session : end.reason);
  return { client: outcome(mine), server: outcome(theirs), messages };
}

describe("with the right pre-shared key", () => {
  test("both sides know its identity, and no certificate is sent or requested", async () => {
    const { client, server, messages } = await ends({}, { clientAuth: "request", ca: ca.pem });
    for (const end of [client, server]) {
      expect(end).toMatchObject({ suite: suite.name, pskIdentity: identity, extendedMasterSecret: true });
      expect(end.peer).toBeUndefined();
      expect(end.signatureScheme).toBeUndefined();
    }
    expect(messages).toEqual([
      "client_hello",
      "server_hello",
      "server_hello_done",
      "client_key_exchange",
      "finished",
      "finished",
    ]);
  });

  test.each([suite, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256])(
    "the client's function gets the hint: $name",
    async (row) => {
      const hints: unknown[] = [];
      const psk = async (hint: string | undefined) => {
        hints.push(hint);
        return { identity, key };
      };
      const { client, messages } = await ends(
        { psk, suites: [row] },
        { suites: [row], psk: { lookup, hint: "Halle 3" } },
      );
      expect(client).toMatchObject({ pskIdentity: identity });
      expect(messages).toContain("server_key_exchange");
      await ends({ psk, suites: [row] }, { suites: [row] });
      expect(hints).toEqual(["Halle 3", undefined]);
    },
  );

  test.each([
    [suite, `0010${"00".repeat(16)}0010${toHex(key)}`],
    [TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, `0020[0-9a-f]{64}0010${toHex(key)}`],
  ])("the premaster secret has the format of RFC 4279 §2 or RFC 5489 §2: $name", async (row, shape) => {
    const secrets: string[] = [];
    const listener = (event: TraceEvent) => {
      if (event.type === "secret" && event.name === "premaster_secret") secrets.push(toHex(event.bytes));
    };
    const trace = { listener, secrets: true };
    await ends({ suites: [row], trace }, { suites: [row], trace });
    expect(secrets).toHaveLength(2);
    expect(secrets[0]).toBe(secrets[1]);
    expect(secrets[0]).toMatch(new RegExp(`^${shape}$`));
  });
});

describe("without the right pre-shared key", () => {
  test.each([suite, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256])(
    "an unknown identity fails at the same point as a wrong key: $name",
    async (row) => {
      const suites = [row];
      const asWrongKey = { code: "bad_record_mac", alert: "bad_record_mac" };
      for (const wrong of [
        { identity, key: new Uint8Array(16) },
        { identity: "nobody", key },
      ]) {
        const { client, server, messages } = await ends({ psk: wrong, suites }, { suites });
        expect(server).toMatchObject({ ...asWrongKey, by: "us" });
        expect(client).toMatchObject({ ...asWrongKey, by: "peer" });
        expect(messages.filter((name) => name === "finished")).toHaveLength(1);
      }
    },
  );

  test.each([
    ["of more than 1,024 bytes", new Uint8Array(1025).fill(0x61)],
    ["that is not UTF-8", Uint8Array.of(0xff)],
    ["of zero bytes", new Uint8Array(0)],
  ])("an identity %s is treated as unknown", async (_, sent) => {
    const keyExchange: KeyExchangeRow = {
      ...pskExchange,
      *client(link, config) {
        const side = yield* pskExchange.client(link, config);
        const send: typeof link.send = link.send.bind(link);
        link.send = (type, body) =>
          (type as unknown) === clientPskKeyExchange
            ? send(clientPskKeyExchange, { identity: sent })
            : send(type, body);
        return side;
      },
    };
    const lookedUp: string[] = [];
    const { server } = await ends(
      { suites: [{ ...suite, keyExchange }] },
      { psk: { lookup: (name) => void lookedUp.push(name) } },
    );
    expect(server).toMatchObject({ code: "bad_record_mac", by: "us" });
    expect(lookedUp).toEqual(sent.length ? [] : [""]);
  });

  test("a client without a key for this server ends the handshake and sends no identity", async () => {
    const { client, server, messages } = await ends({ psk: () => undefined });
    expect(client).toMatchObject({ code: "no_psk", alert: "handshake_failure", fault: "application" });
    expect(server).toMatchObject({ alert: "handshake_failure", by: "peer" });
    expect(messages).not.toContain("client_key_exchange");
  });
});

describe("the lengths of keys, identities and hints:", () => {
  test("a short key is accepted if it is explicitly allowed, and so is an empty identity", async () => {
    const short = new Uint8Array(5).fill(7);
    const { client, server } = await ends(
      { psk: { identity: "", key: short, allowShortKey: true } },
      { psk: { lookup: (name) => (name === "" ? short : undefined), allowShortKeys: true } },
    );
    expect([client.pskIdentity, server.pskIdentity]).toEqual(["", ""]);
  });

  test("an identity and a hint may have 1,024 bytes of UTF-8 each", async () => {
    const long = "é".repeat(512);
    const { client, server } = await ends(
      { psk: (hint) => ({ identity: hint ?? "", key }) },
      { psk: { lookup: (name) => (name === long ? key : undefined), hint: long } },
    );
    expect([client.pskIdentity, server.pskIdentity]).toEqual([long, long]);
  });

  test("a key that is too short is refused when a function returns it", async () => {
    const short = new Uint8Array(15);
    expect((await ends({ psk: () => ({ identity, key: short }) })).client).toMatchObject({ code: "configuration" });
    expect((await ends({}, { psk: { lookup: () => short } })).server).toMatchObject({ code: "configuration" });
  });
});

describe("together with certificates", () => {
  const both = [...modernSuites, ...ecdhePskSuites];
  const client = { suites: both, ca: ca.pem, serverName: "localhost" };

  test("the server's order of suites decides whether a certificate or the key authenticates", async () => {
    const certified = await ends(client, { suites: both, credentials: [credential] });
    expect(certified.client).toMatchObject({ suite: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.name, role: "client" });
    expect(certified.client.peer?.certificate.subject.text).toBeTruthy();
    expect(certified.client).not.toHaveProperty("pskIdentity");
    const shared = await ends(client, { suites: [...both].reverse(), credentials: [credential] });
    expect(shared.client).toMatchObject({ pskIdentity: identity });
  });

  test("a certificate is still verified", async () => {
    const suites = modernSuites;
    const refused = await ends(client, { suites, psk: undefined as never, credentials: [untrustedCredential] });
    expect(refused.client).toMatchObject({ code: "unknown_issuer" });
  });

  test("a server that sends a certificate with a PSK suite is refused", async () => {
    const { keyExchange, authentication } = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    const rogue = { suites: [{ ...suite, keyExchange, authentication }], psk: undefined as never };
    const { client: end } = await ends({}, { ...rogue, credentials: [credential] });
    expect(end).toMatchObject({ alert: "unexpected_message", by: "us" });
    expect(end.message).toContain("got certificate");
  });
});

describe("an invalid configuration is refused:", () => {
  const refused = { code: "configuration", fault: "configuration" };
  test.each<[string, Client, RegExp]>([
    ["a suite without a key", { psk: undefined as never }, /TLS_PSK_WITH_AES_128_GCM_SHA256 without psk/],
    ["a key without a suite", { suites: modernSuites, insecure: true }, /psk without a suite that uses it/],
    ["a key of 15 bytes", { psk: { identity, key: new Uint8Array(15) } }, /too short/],
    ["a key of 1,025 bytes", { psk: { identity, key: new Uint8Array(1025) } }, /too long/],
    ["a password", { psk: { identity, key: "correct horse battery" as never } }, /psk\.key: a text \(give bytes/],
    ["an empty key", { psk: { identity, key: new Uint8Array(0), allowShortKey: true } }, /too short/],
    ["no identity", { psk: { key } as PresharedKey }, /identity/],
    [
      "a key of 1,025 bytes with allowShortKey",
      { psk: { identity, key: new Uint8Array(1025), allowShortKey: true } },
      /from 1 to 1024/,
    ],
    ["an identity of 1,025 bytes", { psk: { identity: "x".repeat(1025), key } }, /identity/],
    ["an identity of 513 characters of two bytes", { psk: { identity: "é".repeat(513), key } }, /at most 1024 bytes/],
    ["no trust anchor for the other suites", { suites: [...pskSuites, ...modernSuites] }, /no trust anchor/],
  ])("client: %s", async (_, options, message) => {
    const connecting = connect(memoryPair().a, {
      provider: nodeCrypto,
      suites: [suite],
      psk: { identity, key },
      ...options,
    });
    const error = await connecting.then(
      () => undefined,
      (reason: TlsError) => reason,
    );
    expect(error).toMatchObject(refused);
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain("correct horse");
  });

  test.each<[string, Server, RegExp]>([
    ["a suite without keys", { psk: undefined as never }, /without psk/],
    ["keys without a suite", { suites: modernSuites, credentials: [credential] }, /psk without a suite/],
    ["no certificate for the other suites", { suites: [...pskSuites, ...modernSuites] }, /needs a credential/],
    ["required client certificates", { clientAuth: "require", ca: ca.pem }, /which have no certificates/],
    ["a hint of 1,025 bytes", { psk: { lookup, hint: "x".repeat(1025) } }, /hint: 1025 bytes \(at most 1024\)/],
    ["a hint of 513 characters of two bytes", { psk: { lookup, hint: "é".repeat(513) } }, /hint: 1026 bytes/],
  ])("server: %s", async (_, options, message) => {
    expect(() => serverHandshakeConfig({ provider: nodeCrypto, suites: [suite], psk: { lookup }, ...options })).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringMatching(message) }),
    );
  });
});
