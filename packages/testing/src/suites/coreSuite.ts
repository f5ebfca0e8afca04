/**
 * The core suite: what a connection does from the first handshake to the last close, over any provider, both roles in one place.
 * @module
 */

import {
  type AcceptOptions,
  type Awaitable,
  accept,
  type CipherSuite,
  type ConnectOptions,
  type Credential,
  type CryptoProvider,
  ccmSuites,
  connect,
  defaultGroups,
  dheSuites,
  ecdhePskSuites,
  finiteFieldGroups,
  keepSessions,
  legacySuites,
  memoryStore,
  modernSuites,
  type NamedGroup,
  parseCertificate,
  pskSuites,
  secp256r1,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsConnection,
  TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { toHex } from "@handclasp/core/unstable";

import { acceptWith, serverHandshakeConfig } from "@handclasp/core/unstable/engine";

import { type IssuedCertificate, type KeyAlgorithm, type TestCa, testCa } from "../certificates.ts";
import { join } from "../join.ts";
import { type MemoryPair, type MemoryPairOptions, memoryPair } from "../memoryPair.ts";
import { assert, assertSame } from "./contract.ts";

/** `describe` and `test` of vitest, or of anything that has them. */
export interface CoreRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>, timeout?: number): void;
}

export interface CoreSuiteOptions {
  readonly name: string;
  /** Of both sides. */
  readonly provider: CryptoProvider;
  /** The host's way from a certificate and its key to a credential. */
  readonly credential: (issued: IssuedCertificate) => Awaitable<Credential>;
  /** The credentials can decrypt for RSA key exchange; without, a server refuses those suites. */
  readonly rawRsa: boolean;
  /** Echo 1 MiB with every group too, not only with every suite and certificate: for providers that are fast. */
  readonly bulkEverywhere?: boolean;
}

const kinds: readonly KeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"];
/** Milliseconds until a test hangs, however busy the machine is. */
const patience = 240_000;
const mebibyte = 2 ** 20;

type Client = Partial<ConnectOptions>;
type Server = Partial<AcceptOptions>;

/** What all cases share: made once, when the first one asks. */
interface Kit {
  readonly ca: TestCa;
  readonly server: Readonly<Record<KeyAlgorithm, Credential>>;
  readonly client: Credential;
  /** From an authority that nobody trusts. */
  readonly stranger: Credential;
  readonly strangerClient: Credential;
  readonly expired: Credential;
  readonly exact: Credential;
  readonly wildcard: Credential;
}

/**
 * Everything that a connection has to do, over one provider.
 * @example
 * coreSuite({ describe, test }, { name: "noble", provider: noble, credential: nodeCredential });
 */
export function coreSuite({ describe, test }: CoreRunner, options: CoreSuiteOptions): void {
  const { provider } = options;
  const kit = once(() => makeKit(options));

  /** Both ends, and what became of each. */
  const attempt = async (client: Client = {}, server: Server = {}, wire: MemoryPairOptions = {}): Promise<Attempt> => {
    const { ca, server: servers } = await kit();
    const pair = memoryPair(wire);
    const [a, b] = await Promise.allSettled([
      connect(pair.a, {
        provider,
        serverName: "localhost",
        handshakeTimeout: patience,
        ...(!client.insecure && { ca: ca.pem }),
        ...client,
      }),
      accept(pair.b, { provider, credentials: [servers["ecdsa-p256"]], handshakeTimeout: patience, ...server }),
    ]);
    return { pair, a, b };
  };
  const joined = async (client: Client = {}, server: Server = {}, wire: MemoryPairOptions = {}): Promise<Joined> => {
    const { pair, a, b } = await attempt(client, server, wire);
    if (a.status === "rejected") throw a.reason;
    if (b.status === "rejected") throw b.reason;
    return { pair, client: a.value, server: b.value };
  };
  const check = (name: string, body: () => Promise<void>): void => test(name, body, patience);

  describe(`core over ${options.name}`, () => {
    describe("suite, certificate and group", () => {
      for (const { suite, kind, group, bulk } of combinations(provider)) {
        const name = `${suite.name} ${kind}${group ? ` ${group.name}` : ""}`;
        if (suite.keyExchange.name === "rsa" && !options.rawRsa) {
          check(`${name}: refused, because the host has no raw RSA decryption`, async () => {
            const { server: servers } = await kit();
            const ends = await attempt({ suites: [suite] }, { suites: allOf(provider), credentials: [servers[kind]] });
            failed(ends.b, { alert: "handshake_failure", by: "us", code: "no_shared_cipher" });
            failed(ends.a, { alert: "handshake_failure", by: "peer" });
          });
          continue;
        }
        check(name, async () => {
          const { server: servers } = await kit();
          const ends = await joined(
            { suites: [suite], ...(group && { groups: withCurve(group, kind) }) },
            {
              suites: allOf(provider),
              credentials: [servers[kind]],
              groups: [...(group ? withCurve(group, kind) : []), ...defaultGroups, ...finiteFieldGroups],
            },
          );
          for (const { session } of [ends.client, ends.server]) {
            same(session.suite, suite.name, "suite");
            same(session.group, group?.name, "group");
            same(session.extendedMasterSecret, true, "extended master secret");
            same(session.secureRenegotiation, true, "secure renegotiation");
          }
          await echo(ends, bulk || options.bulkEverywhere ? mebibyte : 20_000);
        });
      }
    });

    describe("pre-shared key", () => {
      const key = randomBytes(32);
      for (const suite of [...ecdhePskSuites, ...pskSuites].filter(({ cipher }) => provider.ciphers[cipher])) {
        check(suite.name, async () => {
          const ends = await joined(
            { suites: [suite], psk: { identity: "device 7", key } },
            { suites: [suite], psk: { lookup: (identity) => (identity === "device 7" ? key : undefined) } },
          );
          for (const { session } of [ends.client, ends.server]) {
            same(session.suite, suite.name, "suite");
            same(session.pskIdentity, "device 7", "identity");
            same(session.peer, undefined, "peer");
            same(session.group, suite.keyExchange.groups.length ? "x25519" : undefined, "group");
            same(session.extendedMasterSecret, true, "extended master secret");
          }
          await echo(ends, 20_000);
        });
      }
    });

    describe("resumption", () => {
      const kept: Readonly<Record<string, () => Server>> = {
        "a ticket": () => ({ ticketKeys: [randomBytes(48)] }),
        "a session ID": () => ({ sessionStore: memoryStore() }),
      };
      for (const [what, make] of Object.entries(kept)) {
        for (const suite of modernOf(provider).filter(({ authentication }) => authentication === "ecdsa")) {
          check(`${what}, ${suite.name}: both know each other still, and the keys are new`, async () => {
            const { ca, client } = await kit();
            const options: Client = { suites: [suite], sessions: keepSessions(), credentials: client };
            const serving: Server = { ...make(), clientAuth: "require", ca: ca.pem };
            const secrets: string[] = [];
            for (const wire of [{}, { chunk: 1 }, { chunk: Infinity }]) {
              const ends = await joined(options, serving, wire);
              for (const { session } of [ends.client, ends.server]) {
                same(session.resumed, secrets.length > 0, "resumed");
                same(session.suite, suite.name, "suite");
                same(session.extendedMasterSecret, true, "extended master secret");
                same(session.secureRenegotiation, true, "secure renegotiation");
                same(session.peer?.verifiedBy, "ca", "verified by");
              }
              const binding = toHex(ends.client.channelBinding("tls-exporter"));
              same(toHex(ends.server.channelBinding("tls-exporter")), binding, "tls-exporter");
              same(secrets.includes(binding), false, "an earlier binding");
              secrets.push(binding);
              await echo(ends, 20_000);
            }
          });
        }
      }
    });

    describe("agreement", () => {
      check("ALPN: the server's first that the client offers", async () => {
        const { client, server } = await joined({ alpn: ["c", "a", "b"] }, { alpn: ["x", "b", "a"] });
        same(client.session.alpn, "b", "the client's");
        same(server.session.alpn, "b", "the server's");
        await finish(client, server);
      });
      check("ALPN: none in common is no_application_protocol, seen by both", async () => {
        const ends = await attempt({ alpn: ["a"] }, { alpn: ["b"] });
        failed(ends.b, { alert: "no_application_protocol", by: "us" });
        failed(ends.a, { alert: "no_application_protocol", by: "peer" });
      });
      check("ALPN: not offered, or not spoken, is none", async () => {
        for (const [client, server] of [
          [{}, { alpn: ["b"] }],
          [{ alpn: ["a"] }, {}],
        ] as const) {
          const ends = await joined(client, server);
          same(ends.client.session.alpn, null, "the client's");
          same(ends.server.session.alpn, null, "the server's");
          await finish(ends.client, ends.server);
        }
      });
      check("ALPN: not offered where the server requires it is no_application_protocol, seen by both", async () => {
        for (const alpn of [undefined, ["a"]]) {
          const ends = await attempt({ ...(alpn && { alpn }) }, { alpn: ["b"], requireAlpn: true });
          failed(ends.b, { alert: "no_application_protocol", by: "us" });
          failed(ends.a, { alert: "no_application_protocol", by: "peer" });
        }
        const { client, server } = await joined({ alpn: ["b"] }, { alpn: ["b"], requireAlpn: true });
        same(server.session.alpn, "b", "the server's");
        await finish(client, server);
      });
      check("the server's order of suites decides", async () => {
        const own = modernOf(provider).filter((suite) => suite.authentication === "ecdsa");
        const { client, server } = await joined({ suites: own }, { suites: [...own].reverse() });
        same(client.session.suite, own.at(-1)?.name, "suite");
        await finish(client, server);
      });
      check("nothing in common is handshake_failure, seen by both", async () => {
        const own = modernOf(provider).filter((suite) => suite.authentication === "ecdsa");
        const ends = await attempt({ suites: own.slice(0, 1) }, { suites: own.slice(1) });
        failed(ends.b, { alert: "handshake_failure", by: "us", code: "no_shared_cipher" });
        failed(ends.a, { alert: "handshake_failure", by: "peer" });
      });
    });

    describe("the server's certificate", () => {
      const shown = async (
        serverName: string,
        credentials: (kit: Kit) => readonly Credential[],
        client: Client = {},
        server: Server = {},
      ) => {
        const all = await kit();
        const given = credentials(all);
        const ends = await joined({ serverName, ...client }, { credentials: given, ...server });
        const raw = ends.client.session.peer?.certificate.raw;
        same(ends.server.session.serverName, serverName, "server name");
        await finish(ends.client, ends.server);
        return (credential: Credential): void => assertSame(raw, credential.chain[0] as Uint8Array, "certificate");
      };
      const three = (all: Kit) => [all.server["ecdsa-p256"], all.wildcard, all.exact];
      check("SNI: the exact name goes before the wildcard", async () => {
        (await shown("www.names.test", three))((await kit()).exact);
      });
      check("SNI: the wildcard", async () => {
        (await shown("other.names.test", three))((await kit()).wildcard);
      });
      check("SNI: an unknown name gets the first", async () => {
        const is = await shown("nobody.test", three, { insecure: true }, { strictSni: false });
        is((await kit()).server["ecdsa-p256"]);
      });
      check("SNI: an unknown name with strictSni is unrecognized_name, seen by both", async () => {
        for (const server of [{ strictSni: true }, {}]) {
          const ends = await attempt({ serverName: "nobody.test" }, { credentials: three(await kit()), ...server });
          failed(ends.b, { alert: "unrecognized_name", by: "us" });
          failed(ends.a, { alert: "unrecognized_name", by: "peer" });
        }
      });
      check("RSA and ECDSA: what the client can verify decides", async () => {
        const both = (all: Kit) => [all.server["ecdsa-p256"], all.server["rsa-2048"]];
        const all = await kit();
        const of = (authentication: string) =>
          modernOf(provider).filter((suite) => suite.authentication === authentication);
        (await shown("localhost", both, { suites: of("rsa") }))(all.server["rsa-2048"]);
        (await shown("localhost", both, { suites: of("ecdsa") }))(all.server["ecdsa-p256"]);
        // The CA signs with ECDSA, which this client could not verify.
        const rsaSchemes = all.server["rsa-2048"].schemes;
        (await shown("localhost", both, { insecure: true, signatureSchemes: rsaSchemes }))(all.server["rsa-2048"]);
      });
      check("an ECDSA certificate on a curve that the client does not offer is not chosen", async () => {
        const both = (all: Kit) => [all.server["ecdsa-p384"], all.server["ecdsa-p256"]];
        (await shown("localhost", both, { groups: [secp256r1] }))((await kit()).server["ecdsa-p256"]);
      });
      const refused = (name: string, code: string, alert: string, ends: () => Promise<Attempt>): void =>
        check(`${name} is ${alert}, seen by both`, async () => {
          const { a, b } = await ends();
          failed(a, { code, alert, by: "us" });
          failed(b, { code: alert, alert, by: "peer" });
        });
      refused("a wrong CA", "unknown_issuer", "unknown_ca", async () =>
        attempt({}, { credentials: [(await kit()).stranger] }),
      );
      refused("a wrong host", "name_mismatch", "bad_certificate", () => attempt({ serverName: "other.test" }));
      refused("an expired certificate", "expired", "certificate_expired", async () =>
        attempt({}, { credentials: [(await kit()).expired] }),
      );
      refused("a client certificate for a server", "extended_key_usage", "unsupported_certificate", async () => {
        const { ca, client, server } = await kit();
        const pair = memoryPair();
        // A server that did not look at its certificate when it started.
        const config = serverHandshakeConfig({ provider, credentials: [server["ecdsa-p256"]] });
        const rogue = { credential: client, certificate: parseCertificate(client.chain[0] as Uint8Array) };
        const connection = acceptWith({ ...config, credentials: [rogue] }, pair.b, {});
        const [a, b] = await Promise.allSettled([
          connect(pair.a, { provider, serverName: "localhost", ca: ca.pem }),
          connection.opened.then(() => connection),
        ]);
        return { pair, a, b };
      });
    });

    describe("the client's certificate", () => {
      const withCa = async (clientAuth: "request" | "require"): Promise<Server> => ({
        clientAuth,
        ca: (await kit()).ca.pem,
      });
      check("none: the server does not ask", async () => {
        let asked = false;
        const credential = () => {
          asked = true;
          return undefined;
        };
        const { client, server } = await joined({ credentials: credential });
        assert(!asked, "asked");
        same(server.session.peer, undefined, "the peer");
        await finish(client, server);
      });
      for (const clientAuth of ["request", "require"] as const)
        check(`${clientAuth}: shown`, async () => {
          const { client: own } = await kit();
          const { client, server } = await joined({ credentials: own }, await withCa(clientAuth));
          assertSame(server.session.peer?.certificate.raw, own.chain[0] as Uint8Array, "certificate");
          await echo({ client, server }, 1000);
        });
      check("a function chooses, told the schemes and the CAs", async () => {
        const { client: own } = await kit();
        let told = 0;
        const credential: NonNullable<Client["credentials"]> = async (request) => {
          told = request.schemes.length && request.certificateAuthorities.length;
          return own;
        };
        const { client, server } = await joined({ credentials: credential }, await withCa("require"));
        same(told, 1, "CAs");
        await finish(client, server);
      });
      check("request: not shown", async () => {
        const { client, server } = await joined({}, await withCa("request"));
        same(server.session.peer, undefined, "the peer");
        await finish(client, server);
      });
      check("require: not shown is handshake_failure, seen by both", async () => {
        const { a, b } = await attempt({}, await withCa("require"));
        failed(b, { alert: "handshake_failure", code: "no_client_certificate", by: "us" });
        failed(a, { alert: "handshake_failure", by: "peer" });
      });
      check("from a wrong CA is unknown_ca, seen by both", async () => {
        const { a, b } = await attempt({ credentials: (await kit()).strangerClient }, await withCa("request"));
        failed(b, { alert: "unknown_ca", code: "unknown_issuer", by: "us" });
        failed(a, { alert: "unknown_ca", by: "peer" });
      });
    });

    describe("bytes on the way", () => {
      const full = async (): Promise<[Client, Server]> => {
        const { ca, client } = await kit();
        return [{ credentials: client }, { clientAuth: "require", ca: ca.pem }];
      };
      const carried = (name: string, wire: MemoryPairOptions, length: number, maxFragment?: number): void =>
        check(name, async () => {
          const [client, server] = await full();
          const limit = maxFragment ? { maxFragment } : {};
          await echo(await joined({ ...client, ...limit }, { ...server, ...limit }, wire), length);
        });
      carried("byte by byte", { chunk: 1 }, 5000);
      carried("everything joined", { chunk: Number.POSITIVE_INFINITY }, 100_000);
      for (const chunk of [2, 3, 4, 5, 6, 7, 64, 1021, 16_389]) carried(`in pieces of ${chunk}`, { chunk }, 40_000);
      carried("at random boundaries", { chunk: randomly }, 100_000);
      carried("late", { delay: 3 }, 50_000);
      carried("one handshake message over many records", {}, 5000, 64);
      carried("one handshake message over many records, byte by byte", { chunk: 1 }, 2000, 64);
    });

    describe("the end", () => {
      check("the client closes first", async () => {
        const { client, server } = await joined();
        const closing = client.close();
        same(await server.read(), undefined, "the server reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("the server closes first", async () => {
        const { client, server } = await joined();
        const closing = server.close();
        same(await client.read(), undefined, "the client reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("both at once", async () => {
        const { client, server } = await joined();
        await Promise.all([client.close(), server.close()]);
        await Promise.all([client.closed, server.closed]);
      });
      check("half-close: what the other side still says arrives", async () => {
        const { client, server } = await joined();
        const question = randomBytes(50_000);
        const answer = randomBytes(300_000);
        const asked = client.write(question).then(() => client.closeWrite());
        assertSame(await readAll(server), question, "the question");
        const answered = server.write(answer);
        assertSame(await readAll(client), answer, "the answer");
        await Promise.all([asked, answered, client.closed, server.closed]);
      });
      check("what is written right before close arrives", async () => {
        const { client, server } = await joined();
        const sent = randomBytes(70_000);
        void client.write(sent);
        const closing = client.closeWrite();
        assertSame(await readAll(server), sent, "the data");
        same(await client.read(), undefined, "the client reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("a write after close says that this side has closed", async () => {
        const { client, server } = await joined();
        await finish(client, server);
        fault(await thrown(client.write(Uint8Array.of(1))), { code: "closed_locally", fault: "application" });
      });
      check("a transport that ends without close_notify is a truncation, for reader and closed", async () => {
        const { client, server, pair } = await joined();
        await client.write(Uint8Array.of(1));
        assertSame(await server.read(), Uint8Array.of(1), "data before the cut");
        const reading = [thrown(client.read()), thrown(server.read())];
        pair.cut();
        for (const error of await Promise.all([...reading, thrown(client.closed), thrown(server.closed)]))
          fault(error, { code: "truncated", fault: "transport" });
        fault(await thrown(server.read()), { code: "truncated" });
      });
      check("the readable stream errors on truncation", async () => {
        const { client, server, pair } = await joined();
        const reader = client.readable.getReader();
        const reading = thrown(reader.read());
        pair.cut();
        fault(await reading, { code: "truncated" });
        await thrown(server.closed);
      });
      check("a cut during the handshake is typed for both", async () => {
        const { ca, server } = await kit();
        const pair = memoryPair({ delay: 5 });
        const both = Promise.all([
          thrown(connect(pair.a, { provider, serverName: "localhost", ca: ca.pem })),
          thrown(accept(pair.b, { provider, credentials: [server["ecdsa-p256"]] })),
        ]);
        pair.cut();
        for (const error of await both) fault(error, { code: "closed_during_handshake", fault: "transport" });
      });
      check("a transport that breaks is a transport error", async () => {
        const { client, server, pair } = await joined();
        pair.fail(new Error("cable pulled"));
        for (const error of await Promise.all([thrown(client.closed), thrown(server.closed)]))
          fault(error, { fault: "transport", code: "transport_failed" });
      });
      check("abort is seen by the peer", async () => {
        const { client, server } = await joined();
        client.abort("enough");
        fault(await thrown(client.closed), { code: "aborted", fault: "application", by: "us" });
        fault(await thrown(server.closed), { alert: "user_canceled", by: "peer" });
      });
      check("abort tells the peer why", async () => {
        const { client, server } = await joined();
        server.abort("not on the list", "access_denied");
        fault(await thrown(server.closed), { code: "aborted", fault: "application", by: "us" });
        fault(await thrown(client.closed), { alert: "access_denied", code: "access_denied", by: "peer" });
      });
      check("an altered record is bad_record_mac, seen by both", async () => {
        let tamper = false;
        const { client, server } = await joined(
          {},
          {},
          { alter: (bytes) => (tamper && bytes[0] === 23 ? flipLast(bytes) : bytes) },
        );
        tamper = true;
        await client.write(randomBytes(100));
        fault(await thrown(server.read()), { alert: "bad_record_mac", by: "us" });
        fault(await thrown(client.closed), { alert: "bad_record_mac", by: "peer" });
        fault(await thrown(server.closed), { alert: "bad_record_mac", by: "us" });
      });
      check("AbortSignal: aborted before, during and after the handshake", async () => {
        const before = AbortSignal.abort();
        failed((await attempt({ signal: before })).a, { code: "aborted" });
        const during = new AbortController();
        const ended = await attempt(
          { signal: during.signal },
          {},
          {
            alter(bytes, direction) {
              if (direction === "b->a") during.abort(); // the server has heard of the client, and has answered
              return bytes;
            },
          },
        );
        failed(ended.a, { code: "aborted" });
        failed(ended.b, { by: "peer", alert: "user_canceled" });
        const after = new AbortController();
        const { client, server } = await joined({ signal: after.signal });
        after.abort();
        fault(await thrown(client.closed), { code: "aborted" });
        fault(await thrown(server.closed), { by: "peer", alert: "user_canceled" });
      });
      check("a handshake that takes too long is given up", async () => {
        const { ca, server } = await kit();
        const silent = { alter: () => undefined };
        const near = memoryPair(silent);
        const far = memoryPair(silent);
        far.a.start({ data() {}, drain() {}, end() {}, error() {} });
        near.b.start({ data() {}, drain() {}, end() {}, error() {} });
        for (const error of await Promise.all([
          thrown(connect(near.a, { provider, serverName: "localhost", ca: ca.pem, handshakeTimeout: 60 })),
          thrown(accept(far.b, { provider, credentials: [server["ecdsa-p256"]], handshakeTimeout: 60 })),
        ]))
          fault(error, { code: "handshake_timeout", alert: "close_notify", by: "us" });
      });
      check("without anybody to trust nothing is sent", async () => {
        let sent = 0;
        const { a } = memoryPair({
          alter: (bytes) => {
            sent++;
            return bytes;
          },
        });
        fault(await thrown(connect(a, { provider, serverName: "localhost" })), {
          code: "configuration",
          fault: "configuration",
        });
        same(sent, 0, "messages");
      });
    });

    check("a reader that stalls stops the writer, and loses nothing", async () => {
      const suites = provider.ciphers.CHACHA20_POLY1305
        ? [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]
        : modernOf(provider);
      const { client, server } = await joined({ suites }, { suites });
      const piece = randomBytes(65_536);
      const pieces = 128;
      let written = 0;
      const writing = (async () => {
        for (let i = 0; i < pieces; i++) {
          await client.write(piece);
          written += piece.length;
        }
        await client.closeWrite();
      })();
      let before = -1;
      while (before !== written) {
        before = written;
        await sleep(250);
      }
      // The pair holds 1 MiB, each side some flushes more.
      assert(written < 4 * mebibyte, `${written} bytes were taken while nobody read`);
      let got = 0;
      for await (const bytes of server) got += bytes.length;
      await writing;
      same(got, pieces * piece.length, "bytes");
      same(await client.read(), undefined, "the client reads");
      await Promise.all([client.closed, server.closed]);
    });

    describe("the trace", () => {
      const watched = async (secrets: boolean) => {
        const { ca, client: own } = await kit();
        const log: Record<"client" | "server", TraceEvent[]> = { client: [], server: [] };
        const wire: Record<"a->b" | "b->a", Uint8Array[]> = { "a->b": [], "b->a": [] };
        const lines: string[] = [];
        const trace = (role: "client" | "server") => {
          const listener = (event: TraceEvent): void => void log[role].push(event);
          return secrets ? { listener, secrets } : listener;
        };
        const keyLog = (line: string): void => void lines.push(line);
        const ends = await joined(
          { credentials: own, trace: trace("client"), keyLog },
          { clientAuth: "require", ca: ca.pem, trace: trace("server"), keyLog },
          {
            alter: (bytes, direction) => {
              wire[direction].push(bytes.slice());
              return bytes;
            },
          },
        );
        await echo(ends, 60_000);
        return { ...ends, log, wire, lines };
      };
      check("is complete and in order on both sides", async () => {
        const { log, wire } = await watched(false);
        for (const role of ["client", "server"] as const) {
          const own = role === "client" ? "sent" : "received";
          const peers = role === "client" ? "received" : "sent";
          const seen = log[role].flatMap((event) =>
            event.type === "handshake"
              ? [`${event.direction} ${event.name}`]
              : event.type === "change_cipher_spec"
                ? [`${event.direction} change_cipher_spec`]
                : event.type === "established" || event.type === "agreed"
                  ? [event.type]
                  : [],
          );
          // The server knows what is agreed once it has said so, the client once it has heard it.
          same(
            seen.join("\n"),
            [
              `${own} client_hello`,
              `${peers} server_hello`,
              "agreed",
              ...["certificate", "server_key_exchange", "certificate_request", "server_hello_done"].map(
                (name) => `${peers} ${name}`,
              ),
              ...["certificate", "client_key_exchange", "certificate_verify", "change_cipher_spec", "finished"].map(
                (name) => `${own} ${name}`,
              ),
              ...["change_cipher_spec", "finished"].map((name) => `${peers} ${name}`),
              "established",
            ].join("\n"),
            `${role}'s handshake`,
          );
          const closed = log[role].at(-1);
          assert(closed?.type === "closed" && !closed.error, `${role}: the last event is "closed", without an error`);
          for (const direction of ["sent", "received"] as const) {
            const records = log[role]
              .filter((event) => event.type === "record")
              .filter((event) => event.direction === direction);
            const way = (role === "client") === (direction === "sent") ? "a->b" : "b->a";
            assertSame(
              join(records.flatMap(({ header, fragment }) => [header, fragment])),
              join(wire[way]),
              `${role}: records ${direction}`,
            );
            const numbers = records.filter((record) => record.protected).map((record) => record.sequenceNumber);
            same(numbers.join(), [...numbers.keys()].join(), `${role}: sequence numbers ${direction}`);
            const alerts = log[role]
              .filter((event) => event.type === "alert")
              .filter((event) => event.direction === direction);
            same(
              alerts.map(({ level, description }) => `${level} ${description}`).join(),
              "warning close_notify",
              `${role}: alerts ${direction}`,
            );
          }
        }
      });
      check("has no secrets unless they are asked for", async () => {
        const { log, lines } = await watched(false);
        const master = lines[0]?.split(" ")[2] as string;
        for (const event of [...log.client, ...log.server]) {
          assert(event.type !== "secret", "a secret");
          assert(
            !(event.type === "record" && event.contentType === "application_data" && event.plaintext),
            "plaintext of application data",
          );
          assert(!everyByte(event).includes(master), `the master secret in ${event.type}`);
        }
      });
      check(
        "has the secrets in the order in which they arise, and the same on both sides, where asked for",
        async () => {
          const { log } = await watched(true);
          const secrets = (role: "client" | "server") =>
            log[role].filter((event) => event.type === "secret").map(({ name, bytes }) => `${name} ${toHex(bytes)}`);
          same(secrets("client").join("\n"), secrets("server").join("\n"), "secrets");
          const names = secrets("client").map((line) => line.split(" ")[0]);
          same(names.slice(0, 3).join(), "premaster_secret,master_secret,key_block", "order");
          assert(names.includes("client_write_key") && names.includes("server_write_key"), "write keys");
          assert(!secrets("client").some((line) => / 0+$/.test(line)), "a secret was wiped before it was shown");
          assert(
            log.server.some(
              (event) => event.type === "record" && event.contentType === "application_data" && event.plaintext?.length,
            ),
            "plaintext of application data",
          );
        },
      );
      check("key log: one line, the same on both sides", async () => {
        const { lines, log } = await watched(false);
        same(lines.length, 2, "lines");
        same(lines[0], lines[1], "the sides");
        assert(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/.test(lines[0] as string), `${lines[0]}`);
        const agreed = log.client.find((event) => event.type === "agreed");
        assert(lines[0]?.split(" ")[1] === (agreed && toHex(agreed.clientRandom)), "the client's random");
      });
    });
  });
}

interface Joined {
  readonly client: TlsConnection;
  readonly server: TlsConnection;
  readonly pair: MemoryPair;
}

interface Attempt {
  readonly pair: MemoryPair;
  readonly a: PromiseSettledResult<TlsConnection>;
  readonly b: PromiseSettledResult<TlsConnection>;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function makeKit({ credential }: CoreSuiteOptions): Promise<Kit> {
  const ca = await testCa();
  const strangers = await testCa({ commonName: "Nobody's CA" });
  const day = 86_400_000;
  const issue = async (from: TestCa, what: Parameters<TestCa["issue"]>[0] = {}): Promise<Credential> =>
    credential(await from.issue(what));
  const servers = await Promise.all(
    kinds.map(async (algorithm) => [algorithm, await issue(ca, { algorithm })] as const),
  );
  return {
    ca,
    server: Object.fromEntries(servers) as Record<KeyAlgorithm, Credential>,
    client: await issue(ca, { client: true, commonName: "a client" }),
    stranger: await issue(strangers),
    strangerClient: await issue(strangers, { client: true }),
    expired: await issue(ca, { notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) }),
    exact: await issue(ca, { names: ["www.names.test"] }),
    wildcard: await issue(ca, { names: ["*.names.test"] }),
  };
}

interface Combination {
  readonly suite: CipherSuite;
  readonly kind: KeyAlgorithm;
  readonly group: NamedGroup | undefined;
  /** The first time that this suite meets this certificate. */
  readonly bulk: boolean;
}

const allOf = (provider: CryptoProvider): readonly CipherSuite[] =>
  [...legacySuites, ...dheSuites, ...ccmSuites].filter((suite) => provider.ciphers[suite.cipher]);
const modernOf = (provider: CryptoProvider): readonly CipherSuite[] =>
  modernSuites.filter((suite) => provider.ciphers[suite.cipher]);

function combinations(provider: CryptoProvider): Combination[] {
  return allOf(provider).flatMap((suite) => {
    const groups = suite.keyExchange.groups.filter((group) => group.kind === "field" || provider.groups[group.name]);
    return kinds
      .filter((kind) => (kind === "rsa-2048") === (suite.authentication === "rsa"))
      .flatMap((kind, k): Combination[] =>
        groups.length
          ? groups.map((group, g) => ({ suite, kind, group, bulk: g === k % groups.length }))
          : [{ suite, kind, group: undefined, bulk: true }],
      );
  });
}

const curveOf: Partial<Record<KeyAlgorithm, string>> = {
  "ecdsa-p256": "secp256r1",
  "ecdsa-p384": "secp384r1",
  "ecdsa-p521": "secp521r1",
};

/** The group alone, and behind it the certificate's curve, which must be offered too (RFC 8422 §5.1.1); the first is agreed. */
function withCurve(group: NamedGroup, kind: KeyAlgorithm): readonly NamedGroup[] {
  const curve = defaultGroups.find((row) => row.name === curveOf[kind]);
  return curve && curve !== group ? [group, curve] : [group];
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function randomly(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + Math.floor(Math.random() ** 4 * 5000);
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

function flipLast(bytes: Uint8Array): Uint8Array {
  const altered = bytes.slice();
  altered[altered.length - 1] = (altered.at(-1) as number) ^ 1;
  return altered;
}

async function readAll(connection: TlsConnection): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const bytes of connection) parts.push(bytes);
  return join(parts);
}

/** `length` random bytes there and back through the streams, then an orderly end on both sides. */
async function echo({ client, server }: Pick<Joined, "client" | "server">, length: number): Promise<void> {
  const sent = randomBytes(length);
  const echoing = server.readable.pipeTo(server.writable);
  const writing = client.write(sent).then(() => client.closeWrite());
  assertSame(await readAll(client), sent, "the echo");
  await Promise.all([writing, echoing, client.closed, server.closed]);
}

async function finish(client: TlsConnection, server: TlsConnection): Promise<void> {
  await Promise.all([client.close(), server.close()]);
}

function same<T>(actual: T, expected: T, what: string): void {
  assert(Object.is(actual, expected), `${what}: ${String(actual)} instead of ${String(expected)}`);
}

type Expected = Partial<Record<"code" | "alert" | "by" | "fault", string>>;

function fault(error: unknown, expected: Expected): void {
  assert(TlsError.is(error), `no TlsError: ${String(error)}`);
  for (const [key, value] of Object.entries(expected))
    same<unknown>(error[key as keyof Expected], value, `${key} of "${error.message}"`);
}

function failed(end: PromiseSettledResult<TlsConnection>, expected: Expected): void {
  assert(end.status === "rejected", "the handshake went through");
  fault(end.reason, expected);
}

async function thrown(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** All bytes of an event as hex, however deep. */
function everyByte(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? Object.values(value).map(everyByte).join(" ") : "";
}
