/**
 * Abbreviated handshakes: the sessions that are resumed, by ticket and by session ID, and those that must not be
 * resumed (RFC 5246 §7.3, RFC 5077, RFC 6066, RFC 7627).
 */

import {
  type AcceptOptions,
  type ConnectOptions,
  connect,
  ecdhePskSuites,
  ecdsa_secp256r1_sha256,
  ed25519,
  keepSessions,
  legacySuites,
  memoryStore,
  parseCertificate,
  pskSuites,
  type Session,
  type SessionStore,
  secp256r1,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsConnection,
  type TraceEvent,
  x25519,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { memoryPair, testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCredential } from "../../../node/src/crypto/credential.ts";
import { nodeCrypto } from "../../../node/src/crypto/nodeCrypto.ts";

const ca = await testCa();
const otherCa = await testCa();
const server = nodeCredential(await ca.issue({ names: ["localhost", "b.example"] }));
const renewed = nodeCredential(await ca.issue({ names: ["localhost", "b.example"] }));
const client = nodeCredential(await ca.issue({ client: true }));
const otherClient = nodeCredential(await ca.issue({ client: true }));
const hour = 3_600_000;
const pin = parseCertificate(server.chain[0] as Uint8Array).pin;
const key = (fill: number) => new Uint8Array(48).fill(fill);

type Client = Partial<ConnectOptions>;
type Server = Partial<AcceptOptions>;

interface Visit {
  readonly resumed: boolean;
  /** The reason that each side traces if the session was not resumed. */
  readonly client: string | undefined;
  readonly server: string | undefined;
  readonly messages: readonly string[];
  readonly sessions: readonly [Session, Session];
  readonly values: readonly [Uint8Array, Uint8Array];
}

/** A check that fails the first time, when a session is to be resumed, and succeeds afterwards. */
const failsOnce = () => {
  let calls = 0;
  return () => calls++ > 0;
};

/** A store for one session, which it returns for every key. It keeps a copy of the bytes. */
function oneSlot(): SessionStore & { session: Uint8Array | undefined } {
  return {
    session: undefined,
    get() {
      return this.session?.slice();
    },
    set(_, session) {
      this.session = session.slice();
    },
    delete() {
      this.session = undefined;
    },
  };
}

const configOf = (options: Server = {}) =>
  serverHandshakeConfig({ provider: nodeCrypto, credentials: [server], ...options });

/** Opens a connection, sends bytes to the server, and closes it cleanly. */
async function visit(config: ReturnType<typeof serverHandshakeConfig>, options: Client): Promise<Visit> {
  const { a, b } = memoryPair();
  const reasons: Record<"client" | "server", string | undefined> = { client: undefined, server: undefined };
  const messages: string[] = [];
  const trace = (role: "client" | "server") => (event: TraceEvent) => {
    if (event.type === "resumption" && !event.resumed) reasons[role] = event.reason;
    if (role === "client" && event.type === "handshake") messages.push(event.name);
  };
  const trust = options.insecure || options.pins || options.trust ? {} : { ca: ca.pem };
  const accepted = acceptWith(config, b, { trace: trace("server") });
  const [connection] = await Promise.all([
    connect(a, { provider: nodeCrypto, serverName: "localhost", trace: trace("client"), ...trust, ...options }),
    accepted.opened,
  ]);
  const reading = accepted.read();
  await connection.write(Uint8Array.of(1, 2, 3));
  expect(await reading).toEqual(Uint8Array.of(1, 2, 3));
  const valuesOf = (end: TlsConnection) =>
    concat(end.exportKeyingMaterial(32, "EXPERIMENTAL test"), end.channelBinding("tls-unique"));
  const values = [valuesOf(connection), valuesOf(accepted)] as const;
  await Promise.all([connection.close(), accepted.close()]);
  expect(accepted.session.resumed).toBe(connection.session.resumed);
  const sessions = [connection.session, accepted.session] as const;
  return { resumed: connection.session.resumed, ...reasons, messages, sessions, values };
}

const full = [
  "client_hello",
  "server_hello",
  "certificate",
  "server_key_exchange",
  "server_hello_done",
  "client_key_exchange",
  "finished",
];

describe("a session is resumed", () => {
  test("by ticket, without certificate and key exchange", async () => {
    const config = configOf();
    const sessions = keepSessions();
    const first = await visit(config, { sessions });
    expect(first.messages).toEqual([...full, "new_session_ticket", "finished"]);
    const second = await visit(config, { sessions });
    expect(second.messages).toEqual(["client_hello", "server_hello", "finished", "finished"]);
    expect(second.resumed).toBe(true);
    const [mine, theirs] = second.sessions;
    expect(mine).toMatchObject({ suite: first.sessions[0].suite, extendedMasterSecret: true, serverName: "localhost" });
    expect(mine.peer?.verifiedBy).toBe("ca");
    expect(mine.peer?.certificate.pin).toBe(pin);
    expect(mine.peer?.path).toHaveLength(2);
    expect(theirs.serverName).toBe("localhost");
    expect(second.values[0]).toEqual(second.values[1]);
    expect(second.values[0]).not.toEqual(first.values[0]);
  });

  test("by session ID, if one side does not use tickets", async () => {
    for (const [serverOptions, tickets] of [
      [{ tickets: false }, true],
      [{}, false],
    ] as const) {
      const config = configOf(serverOptions);
      const sessions = keepSessions({ tickets });
      const first = await visit(config, { sessions });
      expect(first.messages).toEqual([...full, "finished"]);
      const second = await visit(config, { sessions });
      expect(second).toMatchObject({
        resumed: true,
        messages: ["client_hello", "server_hello", "finished", "finished"],
      });
    }
  });

  test("with the client's certificate, which the server has in the session", async () => {
    const config = configOf({ clientAuth: "require", ca: ca.pem });
    const sessions = keepSessions();
    await visit(config, { sessions, credentials: client });
    const { resumed, sessions: both } = await visit(config, { sessions, credentials: client });
    expect(resumed).toBe(true);
    expect(both[1].peer?.certificate.pin).toBe(parseCertificate(client.chain[0] as Uint8Array).pin);
    expect(both[1].peer?.path).toHaveLength(2);
  });

  test.each([
    ...legacySuites.filter(({ authentication }) => authentication === "ecdsa"),
    ...ecdhePskSuites,
    ...pskSuites,
  ])("$name", async (suite) => {
    const identity = "Gerät 7";
    const secret = new Uint8Array(32).fill(7);
    const isPsk = suite.authentication === "psk";
    const config = configOf({ suites: [suite], ...(isPsk && { psk: { lookup: () => secret, hint: "which" } }) });
    const options: Client = {
      suites: [suite],
      sessions: keepSessions(),
      ...(isPsk && { psk: { identity, key: secret } }),
    };
    await visit(config, options);
    const { resumed, sessions } = await visit(config, options);
    expect(resumed).toBe(true);
    for (const session of sessions) {
      expect(session.suite).toBe(suite.name);
      expect(session.pskIdentity).toBe(isPsk ? identity : undefined);
    }
  });

  test("with the whole chain that the server sent, for the client's trust function", async () => {
    const leaf = nodeCredential(await ca.issue({ names: ["localhost"] }));
    const config = configOf({ credentials: [{ ...leaf, chain: [...leaf.chain, ca.der] }] });
    const chainLengths: number[] = [];
    const options: Client = { sessions: keepSessions(), trust: (chain) => chainLengths.push(chain.length) > 0 };
    await visit(config, options);
    expect((await visit(config, options)).resumed).toBe(true);
    expect(chainLengths).toEqual([2, 2]);
  });

  test("without server_name in ServerHello (RFC 6066 §3)", async () => {
    const config = configOf({ strictSni: true });
    const sessions = keepSessions();
    const answered: number[][] = [];
    const trace = (event: TraceEvent) => {
      if (event.type !== "handshake" || event.name !== "server_hello") return;
      const { extensions } = event.body as unknown as { extensions: readonly { readonly type: number }[] };
      answered.push(extensions.map(({ type }) => type).sort((a, b) => a - b));
    };
    await visit(config, { sessions, trace });
    await visit(config, { sessions, trace });
    expect(answered).toEqual([
      [0, 11, 23, 35, 0xff01],
      [11, 23, 0xff01],
    ]);
  });

  test("with its max_fragment_length; record_size_limit may change; encrypt_then_mac is negotiated again", async () => {
    const config = configOf({ suites: legacySuites, recordSizeLimit: 1000 });
    const small: Client = { sessions: keepSessions(), maxFragmentLength: 512 };
    await visit(config, small);
    const { resumed, sessions } = await visit(config, small);
    expect(resumed).toBe(true);
    for (const session of sessions) expect(session.maxFragmentLength).toBe(512);
    const cbc: Client = {
      sessions: keepSessions(),
      suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA],
      recordSizeLimit: 500,
    };
    await visit(config, cbc);
    const again = await visit(config, { ...cbc, recordSizeLimit: 600 });
    expect(again.resumed).toBe(true);
    for (const session of again.sessions) expect(session.encryptThenMac).toBe(true);
  });

  /** ALPN belongs to the connection, not to the session (RFC 7301 §3.2). */
  test.each<[string, Client, Server, Client, Server, string | null]>([
    ["another protocol offered", { alpn: ["a"] }, { alpn: ["a", "b"] }, { alpn: ["b"] }, { alpn: ["a", "b"] }, "b"],
    ["no protocol offered any more", { alpn: ["a"] }, { alpn: ["a"] }, {}, { alpn: ["a"] }, null],
    ["a protocol offered for the first time", {}, { alpn: ["a"] }, { alpn: ["a"] }, { alpn: ["a"] }, "a"],
    [
      "protocols served in another order",
      { alpn: ["a", "b"] },
      { alpn: ["a", "b"] },
      { alpn: ["a", "b"] },
      { alpn: ["b", "a"] },
      "b",
    ],
  ])("with %s: ALPN is negotiated again", async (_, client1, server1, client2, server2, agreed) => {
    const sessions = keepSessions();
    const make = (options: Server) => configOf({ ticketKeys: [key(1)], ...options });
    await visit(make(server1), { ...client1, sessions });
    const { resumed, sessions: seen } = await visit(make(server2), { ...client2, sessions });
    expect([resumed, ...seen.map(({ alpn }) => alpn)]).toEqual([true, agreed, agreed]);
  });

  test("but the handshake fails if there is no protocol in common", async () => {
    const sessions = keepSessions();
    const make = (options: Server) => configOf({ ticketKeys: [key(1)], ...options });
    await visit(make({ alpn: ["a"] }), { alpn: ["a"], sessions });
    await expect(visit(make({ alpn: ["a"] }), { alpn: ["b"], sessions })).rejects.toMatchObject({
      alert: "no_application_protocol",
    });
  });

  test("until a certificate on its path expires, however long the session's lifetime", async () => {
    const brief = nodeCredential(await ca.issue({ names: ["localhost"], notAfter: new Date(Date.now() + 0.5 * hour) }));
    const config = configOf({ credentials: [brief] });
    const sessions = keepSessions();
    await visit(config, { sessions });
    expect((await visit(config, { sessions, now: () => Date.now() + 0.4 * hour })).resumed).toBe(true);
    await expect(visit(config, { sessions, now: () => Date.now() + 0.6 * hour })).rejects.toMatchObject({
      code: "expired",
    });
  });

  test("from its bytes in a store, as in another process", async () => {
    const store = oneSlot();
    const config = configOf();
    await visit(config, { sessions: keepSessions({ store }) });
    expect((await visit(config, { sessions: keepSessions({ store }) })).resumed).toBe(true);
  });

  test("by another server with the ticket key; a server with a newer key renews the ticket", async () => {
    const sessions = keepSessions();
    await visit(configOf({ ticketKeys: [key(1)] }), { sessions });
    const other = await visit(configOf({ ticketKeys: [key(1)] }), { sessions });
    expect(other).toMatchObject({ resumed: true });
    expect(other.messages).not.toContain("new_session_ticket");
    const rotated = await visit(configOf({ ticketKeys: [key(2), key(1)] }), { sessions });
    expect(rotated).toMatchObject({ resumed: true });
    expect(rotated.messages).toContain("new_session_ticket");
    const gone = await visit(configOf({ ticketKeys: [key(2)] }), { sessions });
    expect(gone).toMatchObject({ resumed: true });
  });

  test("with ticket keys that a function returns, until they change", async () => {
    let keys = [key(1)];
    const config = configOf({ ticketKeys: async () => keys });
    const sessions = keepSessions();
    await visit(config, { sessions });
    expect((await visit(config, { sessions })).resumed).toBe(true);
    keys = [key(2)];
    expect(await visit(config, { sessions })).toMatchObject({ resumed: false, client: "declined", server: "unknown" });
    expect((await visit(config, { sessions })).resumed).toBe(true);
  });

  test("and gets a new ticket in the second half of its lifetime, but expires after a day", async () => {
    let time = Date.now();
    const now = () => time;
    // The key stays the same: a ticket that an older key encrypted is replaced in any case.
    const config = configOf({ now, ticketKeys: [key(1)] });
    const options: Client = { sessions: keepSessions({ store: memoryStore({ now }) }), now, verify: () => true };
    await visit(config, options);
    const renewals: boolean[] = [];
    for (let hours = 1.5; ; hours += 1.5) {
      time += 1.5 * hour;
      const { resumed, messages } = await visit(config, options);
      if (!resumed) {
        expect(hours).toBe(24);
        break;
      }
      renewals.push(messages.includes("new_session_ticket"));
    }
    expect(renewals).toEqual(Array.from({ length: 15 }, (_, i) => i < 14));
  });

  test("after one change of the server's own ticket keys", async () => {
    let time = Date.now();
    const now = () => time;
    const config = configOf({ now, sessionLifetime: 7200 });
    await visit(config, { sessions: keepSessions() });
    time += 1.5 * hour;
    const options: Client = { sessions: keepSessions({ store: memoryStore({ now }) }), now };
    await visit(config, options);
    time += hour;
    const second = await visit(config, options);
    expect(second).toMatchObject({ resumed: true });
    expect(second.messages).toContain("new_session_ticket");
  });
});

describe("a session is not resumed", () => {
  interface Case {
    readonly first?: { readonly client?: Client; readonly server?: Server };
    readonly second?: { readonly client?: Client; readonly server?: Server };
    /** The reason that the server gives, or the reason for which the client does not offer the session. */
    readonly server?: string;
    readonly client?: string;
  }
  const firstKeys = () => [key(1)];
  const psk = { identity: "me", key: new Uint8Array(16).fill(1) };
  const both = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
  const cases: Readonly<Record<string, Case>> = {
    "if the client trusts another CA": { second: { client: { ca: [otherCa.pem, ca.pem] } }, client: "configuration" },
    "made with insecure, by a client with a CA": { first: { client: { insecure: true } }, client: "configuration" },
    "after its lifetime, by the client's clock": {
      second: { client: { now: () => Date.now() + 2 * hour } },
      client: "expired",
    },
    "by a clock that was set back": { second: { client: { now: () => Date.now() - hour } }, client: "expired" },
    "with other signature schemes": {
      second: { client: { signatureSchemes: [ecdsa_secp256r1_sha256, ed25519] } },
      client: "configuration",
    },
    "with shorter fragments": { second: { client: { maxFragmentLength: 512 } }, client: "configuration" },
    "in another scope": { second: { client: { sessionScope: "b.example:443" } }, client: "configuration" },
    "by a server that now requires the certificate that it requested": {
      first: { client: { credentials: client }, server: { clientAuth: "request", ca: ca.pem } },
      second: { client: { credentials: client }, server: { clientAuth: "require", ca: ca.pem } },
      server: "configuration",
    },
    "made with insecure, by a client with a trust function": {
      first: { client: { insecure: true } },
      second: { client: { trust: () => true } },
      client: "configuration",
    },
    "made with a trust function, by a client with insecure": {
      first: { client: { trust: () => true } },
      second: { client: { insecure: true } },
      client: "configuration",
    },
    "made with a CA, by a client that pins as well": {
      second: { client: { ca: ca.pem, pins: [pin] } },
      client: "configuration",
    },
    "made with a pin, by a client with a CA": { first: { client: { pins: [pin] } }, client: "configuration" },
    "for another server name": { second: { client: { serverName: "b.example" } }, client: "configuration" },
    "if the client requires larger RSA keys": { second: { client: { minimumRsaBits: 3072 } }, client: "configuration" },
    "if the client requires larger EC keys than the server's": {
      first: { client: { insecure: true } },
      second: { client: { insecure: true, minimumEcBits: 384 } },
      client: "configuration",
    },
    "if the client's verify refuses now": {
      first: { client: { verify: () => true } },
      second: {
        client: {
          verify: failsOnce(),
        },
      },
      client: "untrusted",
    },
    "if the client's trust function refuses now": {
      first: { client: { trust: () => true } },
      second: {
        client: {
          trust: failsOnce(),
        },
      },
      client: "untrusted",
    },
    "with another certificate of the client": {
      first: { client: { credentials: client }, server: { clientAuth: "request", ca: ca.pem } },
      second: { client: { credentials: otherClient }, server: { clientAuth: "request", ca: ca.pem } },
      client: "configuration",
    },
    "by a client that gives its certificate to fewer servers": {
      first: { client: { credentials: client }, server: { clientAuth: "request", ca: ca.pem } },
      second: { client: { credentials: [client] }, server: { clientAuth: "request", ca: ca.pem } },
      client: "configuration",
    },
    "by a client without its certificate": {
      first: { client: { credentials: client } },
      client: "configuration",
    },
    "with other groups": { second: { client: { groups: [secp256r1, x25519] } }, client: "configuration" },
    "with a suite that the client no longer offers": {
      first: { client: { suites: both } },
      second: { client: { suites: both.slice(1) } },
      client: "configuration",
    },
    "with another pre-shared key": {
      first: { client: { suites: pskSuites, psk }, server: { suites: pskSuites, psk: { lookup: () => psk.key } } },
      second: {
        client: { suites: pskSuites, psk: { identity: "me", key: new Uint8Array(16).fill(2) } },
        server: { suites: pskSuites, psk: { lookup: () => new Uint8Array(16).fill(2) } },
      },
      client: "pre_shared_key",
    },
    "with a pre-shared key that the server changed": {
      first: { client: { suites: pskSuites, psk }, server: { suites: pskSuites, psk: { lookup: () => psk.key } } },
      second: {
        client: {
          suites: pskSuites,
          psk: (() => {
            let calls = 0;
            return () => (calls++ ? { identity: "me", key: new Uint8Array(16).fill(2) } : psk);
          })(),
        },
        server: { suites: pskSuites, psk: { lookup: () => new Uint8Array(16).fill(2) } },
      },
      server: "pre_shared_key",
    },
    "by a server that now requests certificates": {
      second: { server: { clientAuth: "request", ca: ca.pem } },
      server: "configuration",
    },
    "by a server that trusts another CA for its clients": {
      first: { client: { credentials: client }, server: { clientAuth: "request", ca: ca.pem } },
      second: { client: { credentials: client }, server: { clientAuth: "request", ca: [ca.pem, otherCa.pem] } },
      server: "configuration",
    },
    "by a server that trusted any client, and now trusts a CA": {
      first: { client: { credentials: client }, server: { clientAuth: "require", insecure: true } },
      second: { client: { credentials: client }, server: { clientAuth: "require", ca: ca.pem } },
      server: "configuration",
    },
    "if the server's verify refuses the client now": {
      first: {
        client: { credentials: client },
        server: { clientAuth: "require", ca: ca.pem, verify: () => true },
      },
      second: {
        client: { credentials: client },
        server: {
          clientAuth: "require",
          ca: ca.pem,
          verify: failsOnce(),
        },
      },
      server: "untrusted",
    },
    "with a suite that the server no longer has": {
      first: { server: { suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384] } },
      second: { server: { suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] } },
      server: "suite",
    },
    "by a virtual host with another certificate": {
      second: { server: { credentials: [renewed] } },
      server: "certificate",
    },
    "by a server with the same keys and a shorter session lifetime": {
      first: { server: { sessionLifetime: 7200 } },
      second: { server: { sessionLifetime: 60 } },
      server: "expired",
    },
    "if its ticket key was rotated out": { second: { server: { ticketKeys: [key(2)] } }, server: "unknown" },
    "by a server whose function for ticket keys fails": {
      second: {
        server: {
          ticketKeys: () => {
            throw new Error("the vault is shut");
          },
        },
      },
      server: "unknown",
    },
  };

  test.each(Object.entries(cases))("%s", async (_, { first = {}, second = {}, ...reasons }) => {
    // The store returns the session for every key, so that only the checks of the session can refuse it.
    const store = oneSlot();
    const sessions = keepSessions({ store });
    const make = (options: Server = {}) => configOf({ ticketKeys: firstKeys(), ...options });
    await visit(make(first.server), { ...first.client, sessions });
    expect(store.session).toBeDefined();
    // With the same options the session is resumed (not checked for a PSK), so only the change can be the reason below.
    if (!first.client?.psk) expect((await visit(make(first.server), { ...first.client, sessions })).resumed).toBe(true);
    const after = await visit(make(second.server), { ...second.client, sessions });
    expect(after.resumed).toBe(false);
    if (reasons.server) expect(after).toMatchObject({ client: "declined", server: reasons.server });
    else expect(after).toMatchObject(reasons);
  });
});
