/**
 * The core suite: tests of a connection between a client and a server, from the handshake to the close, with any
 * provider.
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
import { assert, assertSame, type TestRunner } from "./contract.ts";

export interface CoreSuiteOptions {
  readonly name: string;
  /** The provider that both sides use. */
  readonly provider: CryptoProvider;
  /** Makes the runtime's credential from a certificate and its key. */
  readonly credential: (issued: IssuedCertificate) => Awaitable<Credential>;
  /**
   * Whether the credentials can decrypt for RSA key exchange. Otherwise a server refuses the suites with RSA key
   * exchange.
   */
  readonly hasRawRsa: boolean;
  /**
   * Whether to echo 1 MiB with every group too, not only with every suite and certificate. Only a fast provider does
   * this in a reasonable time. Default `false`.
   */
  readonly bulkEverywhere?: boolean;
  /** Makes the throw-away authorities, for a runtime in which {@link testCa} cannot make keys. Default `testCa`. */
  readonly authority?: typeof testCa;
}

const kinds: readonly KeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"];
/** The time limit of a test, in milliseconds: only a hang takes so long, even on a busy machine. */
const testTimeout = 240_000;
const mebibyte = 2 ** 20;

type Client = Partial<ConnectOptions>;
type Server = Partial<AcceptOptions>;

/** The certificates that all tests share. They are made for the first test that needs them. */
interface Kit {
  readonly ca: TestCa;
  readonly server: Readonly<Record<KeyAlgorithm, Credential>>;
  readonly client: Credential;
  /** A server's credential from an authority that no client trusts. */
  readonly untrusted: Credential;
  readonly untrustedClient: Credential;
  readonly expired: Credential;
  /** A server's credential for www.names.test. */
  readonly exact: Credential;
  /** A server's credential for *.names.test. */
  readonly wildcard: Credential;
}

/**
 * Defines the tests of a connection with one provider.
 * @example
 * coreSuite({ describe, test }, { name: "noble", provider: noble, credential: nodeCredential, hasRawRsa: true });
 */
export function coreSuite({ describe, test }: TestRunner, options: CoreSuiteOptions): void {
  const { provider } = options;
  const kit = once(() => makeKit(options));

  /** Runs a handshake over a memory pair and returns the outcome on both sides. */
  const attempt = async (client: Client = {}, server: Server = {}, wire: MemoryPairOptions = {}): Promise<Attempt> => {
    const { ca, server: servers } = await kit();
    const pair = memoryPair(wire);
    const [a, b] = await Promise.allSettled([
      connect(pair.a, {
        provider,
        serverName: "localhost",
        handshakeTimeout: testTimeout,
        ...(!client.insecure && { ca: ca.pem }),
        ...client,
      }),
      accept(pair.b, { provider, credentials: [servers["ecdsa-p256"]], handshakeTimeout: testTimeout, ...server }),
    ]);
    return { pair, a, b };
  };
  /** Runs a handshake that has to succeed, and returns both connections. */
  const connectPair = async (
    client: Client = {},
    server: Server = {},
    wire: MemoryPairOptions = {},
  ): Promise<ConnectedPair> => {
    const { pair, a, b } = await attempt(client, server, wire);
    if (a.status === "rejected") throw a.reason;
    if (b.status === "rejected") throw b.reason;
    return { pair, client: a.value, server: b.value };
  };
  const check = (name: string, body: () => Promise<void>): void => test(name, body, testTimeout);

  describe(`core with ${options.name}`, () => {
    describe("suite, certificate and group", () => {
      for (const { suite, kind, group, bulk } of combinations(provider)) {
        const name = `${suite.name} ${kind}${group ? ` ${group.name}` : ""}`;
        if (suite.keyExchange.name === "rsa" && !options.hasRawRsa) {
          check(`${name}: a server refuses the suite, because its credential has no raw RSA decryption`, async () => {
            const { server: servers } = await kit();
            const ends = await attempt({ suites: [suite] }, { suites: allOf(provider), credentials: [servers[kind]] });
            expectFailure(ends.b, { alert: "handshake_failure", by: "us", code: "no_shared_cipher" });
            expectFailure(ends.a, { alert: "handshake_failure", by: "peer" });
          });
          continue;
        }
        check(`${name}: both sides agree on them, and the echo is intact`, async () => {
          const { server: servers } = await kit();
          const ends = await connectPair(
            { suites: [suite], ...(group && { groups: withCurve(group, kind) }) },
            {
              suites: allOf(provider),
              credentials: [servers[kind]],
              groups: [...(group ? withCurve(group, kind) : []), ...curvesOf(provider), ...finiteFieldGroups],
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
        check(`${suite.name}: both sides agree on the suite and the identity, and the echo is intact`, async () => {
          const ends = await connectPair(
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
      const serverOptions: Readonly<Record<string, () => Server>> = {
        "a ticket": () => ({ ticketKeys: [randomBytes(48)] }),
        "a session ID": () => ({ sessionStore: memoryStore() }),
      };
      for (const [means, makeOptions] of Object.entries(serverOptions)) {
        for (const suite of modernOf(provider).filter(({ authentication }) => authentication === "ecdsa")) {
          check(`${means}, ${suite.name}: a resumed session keeps the verified peer and has new keys`, async () => {
            const { ca, client } = await kit();
            const clientSide: Client = { suites: [suite], sessions: keepSessions(), credentials: client };
            const serverSide: Server = { ...makeOptions(), clientAuth: "require", ca: ca.pem };
            const bindings: string[] = [];
            for (const wire of [{}, { chunk: 1 }, { chunk: Infinity }]) {
              const ends = await connectPair(clientSide, serverSide, wire);
              for (const { session } of [ends.client, ends.server]) {
                same(session.resumed, bindings.length > 0, "resumed");
                same(session.suite, suite.name, "suite");
                same(session.extendedMasterSecret, true, "extended master secret");
                same(session.secureRenegotiation, true, "secure renegotiation");
                same(session.peer?.verifiedBy, "ca", "verified by");
              }
              const binding = toHex(ends.client.channelBinding("tls-exporter"));
              same(toHex(ends.server.channelBinding("tls-exporter")), binding, "tls-exporter");
              same(bindings.includes(binding), false, "the binding is that of an earlier connection");
              bindings.push(binding);
              await echo(ends, 20_000);
            }
          });
        }
      }
    });

    describe("agreement", () => {
      check("ALPN: the server's first protocol that the client offers is agreed", async () => {
        const { client, server } = await connectPair({ alpn: ["c", "a", "b"] }, { alpn: ["x", "b", "a"] });
        same(client.session.alpn, "b", "the client's");
        same(server.session.alpn, "b", "the server's");
        await finish(client, server);
      });
      check("ALPN: without a common protocol, both sides fail with no_application_protocol", async () => {
        const ends = await attempt({ alpn: ["a"] }, { alpn: ["b"] });
        expectFailure(ends.b, { alert: "no_application_protocol", by: "us" });
        expectFailure(ends.a, { alert: "no_application_protocol", by: "peer" });
      });
      check("ALPN: no protocol is agreed if only one side has a list", async () => {
        for (const [client, server] of [
          [{}, { alpn: ["b"] }],
          [{ alpn: ["a"] }, {}],
        ] as const) {
          const ends = await connectPair(client, server);
          same(ends.client.session.alpn, null, "the client's");
          same(ends.server.session.alpn, null, "the server's");
          await finish(ends.client, ends.server);
        }
      });
      check(
        "ALPN: with requireAlpn and no common protocol or offer, both sides fail with no_application_protocol",
        async () => {
          for (const alpn of [undefined, ["a"]]) {
            const ends = await attempt({ ...(alpn && { alpn }) }, { alpn: ["b"], requireAlpn: true });
            expectFailure(ends.b, { alert: "no_application_protocol", by: "us" });
            expectFailure(ends.a, { alert: "no_application_protocol", by: "peer" });
          }
          const { client, server } = await connectPair({ alpn: ["b"] }, { alpn: ["b"], requireAlpn: true });
          same(server.session.alpn, "b", "the server's");
          await finish(client, server);
        },
      );
      check("the server's first suite that the client offers is agreed", async () => {
        const suites = modernOf(provider).filter((suite) => suite.authentication === "ecdsa");
        const { client, server } = await connectPair({ suites }, { suites: [...suites].reverse() });
        same(client.session.suite, suites.at(-1)?.name, "suite");
        await finish(client, server);
      });
      check("without a common suite, both sides fail with handshake_failure", async () => {
        const suites = modernOf(provider).filter((suite) => suite.authentication === "ecdsa");
        const ends = await attempt({ suites: suites.slice(0, 1) }, { suites: suites.slice(1) });
        expectFailure(ends.b, { alert: "handshake_failure", by: "us", code: "no_shared_cipher" });
        expectFailure(ends.a, { alert: "handshake_failure", by: "peer" });
      });
    });

    describe("the server's certificate", () => {
      /** Connects to `serverName` and returns a function that checks which credential the server chose. */
      const connectTo = async (
        serverName: string,
        credentials: (kit: Kit) => readonly Credential[],
        client: Client = {},
        server: Server = {},
      ) => {
        const chosenFrom = credentials(await kit());
        const ends = await connectPair({ serverName, ...client }, { credentials: chosenFrom, ...server });
        const raw = ends.client.session.peer?.certificate.raw;
        same(ends.server.session.serverName, serverName, "server name");
        await finish(ends.client, ends.server);
        return (credential: Credential): void => assertSame(raw, credential.chain[0] as Uint8Array, "certificate");
      };
      const three = (all: Kit) => [all.server["ecdsa-p256"], all.wildcard, all.exact];
      check("SNI: a certificate for the exact name is preferred to a wildcard", async () => {
        (await connectTo("www.names.test", three))((await kit()).exact);
      });
      check("SNI: a wildcard certificate is chosen for a name that it covers", async () => {
        (await connectTo("other.names.test", three))((await kit()).wildcard);
      });
      check("SNI: without strictSni, an unknown name gets the first certificate", async () => {
        const expectChosen = await connectTo("unknown.test", three, { insecure: true }, { strictSni: false });
        expectChosen((await kit()).server["ecdsa-p256"]);
      });
      check(
        "SNI: with strictSni, the default, both sides fail with unrecognized_name for an unknown name",
        async () => {
          for (const server of [{ strictSni: true }, {}]) {
            const ends = await attempt({ serverName: "unknown.test" }, { credentials: three(await kit()), ...server });
            expectFailure(ends.b, { alert: "unrecognized_name", by: "us" });
            expectFailure(ends.a, { alert: "unrecognized_name", by: "peer" });
          }
        },
      );
      check("RSA and ECDSA: the server chooses a certificate that the client can verify", async () => {
        const both = (all: Kit) => [all.server["ecdsa-p256"], all.server["rsa-2048"]];
        const all = await kit();
        const suitesWith = (authentication: string) =>
          modernOf(provider).filter((suite) => suite.authentication === authentication);
        (await connectTo("localhost", both, { suites: suitesWith("rsa") }))(all.server["rsa-2048"]);
        (await connectTo("localhost", both, { suites: suitesWith("ecdsa") }))(all.server["ecdsa-p256"]);
        // The client is insecure, because the CA signs with ECDSA, which these schemes cannot verify.
        const rsaSchemes = all.server["rsa-2048"].schemes;
        (await connectTo("localhost", both, { insecure: true, signatureSchemes: rsaSchemes }))(all.server["rsa-2048"]);
      });
      check("an ECDSA certificate on a curve that the client does not offer is not chosen", async () => {
        const both = (all: Kit) => [all.server["ecdsa-p384"], all.server["ecdsa-p256"]];
        (await connectTo("localhost", both, { groups: [secp256r1] }))((await kit()).server["ecdsa-p256"]);
      });
      const checkRefusal = (name: string, code: string, alert: string, ends: () => Promise<Attempt>): void =>
        check(`${name} makes both sides fail with ${alert}`, async () => {
          const { a, b } = await ends();
          expectFailure(a, { code, alert, by: "us" });
          expectFailure(b, { code: alert, alert, by: "peer" });
        });
      checkRefusal("a certificate from an unknown CA", "unknown_issuer", "unknown_ca", async () =>
        attempt({}, { credentials: [(await kit()).untrusted] }),
      );
      checkRefusal("a certificate for another name", "name_mismatch", "bad_certificate", () =>
        attempt({ serverName: "other.test" }),
      );
      checkRefusal("an expired certificate", "expired", "certificate_expired", async () =>
        attempt({}, { credentials: [(await kit()).expired] }),
      );
      checkRefusal("a client's certificate for a server", "extended_key_usage", "unsupported_certificate", async () => {
        const { ca, client, server } = await kit();
        const pair = memoryPair();
        // `serverHandshakeConfig` would reject the client's certificate, so the test puts it into the finished
        // configuration.
        const config = serverHandshakeConfig({ provider, credentials: [server["ecdsa-p256"]] });
        const misused = { credential: client, certificate: parseCertificate(client.chain[0] as Uint8Array) };
        const connection = acceptWith({ ...config, credentials: [misused] }, pair.b, {});
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
      check("a server without clientAuth does not request a certificate", async () => {
        let isRequested = false;
        const chooseCredential = () => {
          isRequested = true;
          return undefined;
        };
        const { client, server } = await connectPair({ credentials: chooseCredential });
        assert(!isRequested, "the server requested a certificate");
        same(server.session.peer, undefined, "the peer");
        await finish(client, server);
      });
      for (const clientAuth of ["request", "require"] as const)
        check(`${clientAuth}: the server verifies the client's certificate`, async () => {
          const { client: credential } = await kit();
          const { client, server } = await connectPair({ credentials: credential }, await withCa(clientAuth));
          assertSame(server.session.peer?.certificate.raw, credential.chain[0] as Uint8Array, "certificate");
          await echo({ client, server }, 1000);
        });
      check("a function of the client gets the request's schemes and CAs, and chooses the credential", async () => {
        const { client: credential } = await kit();
        let caCount = 0;
        const chooseCredential: NonNullable<Client["credentials"]> = async (request) => {
          caCount = request.schemes.length && request.certificateAuthorities.length;
          return credential;
        };
        const { client, server } = await connectPair({ credentials: chooseCredential }, await withCa("require"));
        same(caCount, 1, "CAs");
        await finish(client, server);
      });
      check("request: a client without a certificate connects", async () => {
        const { client, server } = await connectPair({}, await withCa("request"));
        same(server.session.peer, undefined, "the peer");
        await finish(client, server);
      });
      check("require: without a client certificate, both sides fail with handshake_failure", async () => {
        const { a, b } = await attempt({}, await withCa("require"));
        expectFailure(b, { alert: "handshake_failure", code: "no_client_certificate", by: "us" });
        expectFailure(a, { alert: "handshake_failure", by: "peer" });
      });
      check("a certificate from an unknown CA makes both sides fail with unknown_ca", async () => {
        const { a, b } = await attempt({ credentials: (await kit()).untrustedClient }, await withCa("request"));
        expectFailure(b, { alert: "unknown_ca", code: "unknown_issuer", by: "us" });
        expectFailure(a, { alert: "unknown_ca", by: "peer" });
      });
    });

    describe("the echo is intact", () => {
      const full = async (): Promise<[Client, Server]> => {
        const { ca, client } = await kit();
        return [{ credentials: client }, { clientAuth: "require", ca: ca.pem }];
      };
      const checkEcho = (name: string, wire: MemoryPairOptions, length: number, maxFragment?: number): void =>
        check(name, async () => {
          const [client, server] = await full();
          const limit = maxFragment ? { maxFragment } : {};
          await echo(await connectPair({ ...client, ...limit }, { ...server, ...limit }, wire), length);
        });
      checkEcho("if bytes arrive one by one", { chunk: 1 }, 5000);
      checkEcho("if all waiting bytes arrive together", { chunk: Number.POSITIVE_INFINITY }, 100_000);
      for (const chunk of [2, 3, 4, 5, 6, 7, 64, 1021, 16_389])
        checkEcho(`if bytes arrive in pieces of ${chunk}`, { chunk }, 40_000);
      checkEcho("if bytes arrive in pieces of random lengths", { chunk: cutRandomly }, 100_000);
      checkEcho("if bytes arrive late", { delay: 3 }, 50_000);
      checkEcho("if a handshake message spans many records", {}, 5000, 64);
      checkEcho("if a handshake message spans many records, and bytes arrive one by one", { chunk: 1 }, 2000, 64);
    });

    describe("the end", () => {
      check("if the client closes first, both sides end cleanly", async () => {
        const { client, server } = await connectPair();
        const closing = client.close();
        same(await server.read(), undefined, "the server reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("if the server closes first, both sides end cleanly", async () => {
        const { client, server } = await connectPair();
        const closing = server.close();
        same(await client.read(), undefined, "the client reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("if both sides close at once, both end cleanly", async () => {
        const { client, server } = await connectPair();
        await Promise.all([client.close(), server.close()]);
        await Promise.all([client.closed, server.closed]);
      });
      check("half-close: bytes that the other side still sends arrive", async () => {
        const { client, server } = await connectPair();
        const question = randomBytes(50_000);
        const answer = randomBytes(300_000);
        const asking = client.write(question).then(() => client.closeWrite());
        assertSame(await readAll(server), question, "the question");
        const answering = server.write(answer);
        assertSame(await readAll(client), answer, "the answer");
        await Promise.all([asking, answering, client.closed, server.closed]);
      });
      check("bytes that are written right before closeWrite arrive", async () => {
        const { client, server } = await connectPair();
        const sent = randomBytes(70_000);
        void client.write(sent);
        const closing = client.closeWrite();
        assertSame(await readAll(server), sent, "the data");
        same(await client.read(), undefined, "the client reads");
        await Promise.all([closing, client.closed, server.closed]);
      });
      check("a write after close rejects with closed_locally", async () => {
        const { client, server } = await connectPair();
        await finish(client, server);
        expectError(await rejectionOf(client.write(Uint8Array.of(1))), {
          code: "closed_locally",
          fault: "application",
        });
      });
      check("if a transport ends without close_notify, reads and closed reject with truncated", async () => {
        const { client, server, pair } = await connectPair();
        await client.write(Uint8Array.of(1));
        assertSame(await server.read(), Uint8Array.of(1), "data before the cut");
        const reading = [rejectionOf(client.read()), rejectionOf(server.read())];
        pair.cut();
        for (const error of await Promise.all([...reading, rejectionOf(client.closed), rejectionOf(server.closed)]))
          expectError(error, { code: "truncated", fault: "transport" });
        expectError(await rejectionOf(server.read()), { code: "truncated" });
      });
      check("the readable stream errors on truncation", async () => {
        const { client, server, pair } = await connectPair();
        const reader = client.readable.getReader();
        const reading = rejectionOf(reader.read());
        pair.cut();
        expectError(await reading, { code: "truncated" });
        await rejectionOf(server.closed);
      });
      check("if a transport ends during the handshake, both sides fail with closed_during_handshake", async () => {
        const { ca, server } = await kit();
        const pair = memoryPair({ delay: 5 });
        const both = Promise.all([
          rejectionOf(connect(pair.a, { provider, serverName: "localhost", ca: ca.pem })),
          rejectionOf(accept(pair.b, { provider, credentials: [server["ecdsa-p256"]] })),
        ]);
        pair.cut();
        for (const error of await both) expectError(error, { code: "closed_during_handshake", fault: "transport" });
      });
      check("if a transport breaks, both sides fail with transport_failed", async () => {
        const { client, server, pair } = await connectPair();
        pair.fail(new Error("cable pulled"));
        for (const error of await Promise.all([rejectionOf(client.closed), rejectionOf(server.closed)]))
          expectError(error, { fault: "transport", code: "transport_failed" });
      });
      check("abort sends the peer user_canceled", async () => {
        const { client, server } = await connectPair();
        client.abort("enough");
        expectError(await rejectionOf(client.closed), { code: "aborted", fault: "application", by: "us" });
        expectError(await rejectionOf(server.closed), { alert: "user_canceled", by: "peer" });
      });
      check("abort with an alert sends the peer that alert", async () => {
        const { client, server } = await connectPair();
        server.abort("not on the list", "access_denied");
        expectError(await rejectionOf(server.closed), { code: "aborted", fault: "application", by: "us" });
        expectError(await rejectionOf(client.closed), { alert: "access_denied", code: "access_denied", by: "peer" });
      });
      check("an altered record makes both sides fail with bad_record_mac", async () => {
        let isTampering = false;
        const { client, server } = await connectPair(
          {},
          {},
          { alter: (bytes) => (isTampering && bytes[0] === 23 ? flipLast(bytes) : bytes) },
        );
        isTampering = true;
        await client.write(randomBytes(100));
        expectError(await rejectionOf(server.read()), { alert: "bad_record_mac", by: "us" });
        expectError(await rejectionOf(client.closed), { alert: "bad_record_mac", by: "peer" });
        expectError(await rejectionOf(server.closed), { alert: "bad_record_mac", by: "us" });
      });
      check("an AbortSignal aborts before, during and after the handshake", async () => {
        const before = AbortSignal.abort();
        expectFailure((await attempt({ signal: before })).a, { code: "aborted" });
        const during = new AbortController();
        const ended = await attempt(
          { signal: during.signal },
          {},
          {
            alter(bytes, direction) {
              if (direction === "b->a") during.abort(); // the server has received the ClientHello and answers
              return bytes;
            },
          },
        );
        expectFailure(ended.a, { code: "aborted" });
        expectFailure(ended.b, { by: "peer", alert: "user_canceled" });
        const after = new AbortController();
        const { client, server } = await connectPair({ signal: after.signal });
        after.abort();
        expectError(await rejectionOf(client.closed), { code: "aborted" });
        expectError(await rejectionOf(server.closed), { by: "peer", alert: "user_canceled" });
      });
      check("a handshake that takes too long fails with handshake_timeout", async () => {
        const { ca, server } = await kit();
        const dropAll = { alter: () => undefined };
        const clientPair = memoryPair(dropAll);
        const serverPair = memoryPair(dropAll);
        serverPair.a.start({ data() {}, drain() {}, end() {}, error() {} });
        clientPair.b.start({ data() {}, drain() {}, end() {}, error() {} });
        for (const error of await Promise.all([
          rejectionOf(connect(clientPair.a, { provider, serverName: "localhost", ca: ca.pem, handshakeTimeout: 60 })),
          rejectionOf(accept(serverPair.b, { provider, credentials: [server["ecdsa-p256"]], handshakeTimeout: 60 })),
        ]))
          expectError(error, { code: "handshake_timeout", alert: "close_notify", by: "us" });
      });
      check("a client without a trust anchor rejects and sends nothing", async () => {
        let sent = 0;
        const { a } = memoryPair({
          alter: (bytes) => {
            sent++;
            return bytes;
          },
        });
        expectError(await rejectionOf(connect(a, { provider, serverName: "localhost" })), {
          code: "configuration",
          fault: "configuration",
        });
        same(sent, 0, "messages");
      });
    });

    check("a reader that stalls stops the writer, and no bytes are lost", async () => {
      const suites = provider.ciphers.CHACHA20_POLY1305
        ? [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]
        : modernOf(provider);
      const { client, server } = await connectPair({ suites }, { suites });
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
      // The pair holds 1 MiB, and each side holds some more.
      assert(written < 4 * mebibyte, `${written} bytes were taken while the server did not read`);
      let got = 0;
      for await (const bytes of server) got += bytes.length;
      await writing;
      same(got, pieces * piece.length, "bytes");
      same(await client.read(), undefined, "the client reads");
      await Promise.all([client.closed, server.closed]);
    });

    describe("the trace", () => {
      const traceHandshake = async (withSecrets: boolean) => {
        const { ca, client: credential } = await kit();
        const log: Record<"client" | "server", TraceEvent[]> = { client: [], server: [] };
        const wire: Record<"a->b" | "b->a", Uint8Array[]> = { "a->b": [], "b->a": [] };
        const lines: string[] = [];
        const trace = (role: "client" | "server") => {
          const listener = (event: TraceEvent): void => void log[role].push(event);
          return withSecrets ? { listener, secrets: true } : listener;
        };
        const keyLog = (line: string): void => void lines.push(line);
        const ends = await connectPair(
          { credentials: credential, trace: trace("client"), keyLog },
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
        const { log, wire } = await traceHandshake(false);
        for (const role of ["client", "server"] as const) {
          const byClient = role === "client" ? "sent" : "received";
          const byServer = role === "client" ? "received" : "sent";
          const steps = log[role].flatMap((event) =>
            event.type === "handshake"
              ? [`${event.direction} ${event.name}`]
              : event.type === "change_cipher_spec"
                ? [`${event.direction} change_cipher_spec`]
                : event.type === "established" || event.type === "agreed"
                  ? [event.type]
                  : [],
          );
          // The server reports "agreed" after it sends ServerHello, the client after it receives ServerHello.
          same(
            steps.join("\n"),
            [
              `${byClient} client_hello`,
              `${byServer} server_hello`,
              "agreed",
              ...["certificate", "server_key_exchange", "certificate_request", "server_hello_done"].map(
                (name) => `${byServer} ${name}`,
              ),
              ...["certificate", "client_key_exchange", "certificate_verify", "change_cipher_spec", "finished"].map(
                (name) => `${byClient} ${name}`,
              ),
              ...["change_cipher_spec", "finished"].map((name) => `${byServer} ${name}`),
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
      check("has no secrets without the option `secrets`", async () => {
        const { log, lines } = await traceHandshake(false);
        const master = lines[0]?.split(" ")[2] as string;
        for (const event of [...log.client, ...log.server]) {
          assert(event.type !== "secret", "a secret");
          assert(
            !(event.type === "record" && event.contentType === "application_data" && event.plaintext),
            "plaintext of application data",
          );
          assert(!toHexDeep(event).includes(master), `the master secret in ${event.type}`);
        }
      });
      check("with `secrets`, has the same secrets on both sides, in the order in which they are derived", async () => {
        const { log } = await traceHandshake(true);
        const secrets = (role: "client" | "server") =>
          log[role].filter((event) => event.type === "secret").map(({ name, bytes }) => `${name} ${toHex(bytes)}`);
        same(secrets("client").join("\n"), secrets("server").join("\n"), "secrets");
        const names = secrets("client").map((line) => line.split(" ")[0]);
        same(names.slice(0, 3).join(), "premaster_secret,master_secret,key_block", "order");
        assert(names.includes("client_write_key") && names.includes("server_write_key"), "write keys");
        assert(!secrets("client").some((line) => / 0+$/.test(line)), "a secret was wiped before the listener got it");
        assert(
          log.server.some(
            (event) => event.type === "record" && event.contentType === "application_data" && event.plaintext?.length,
          ),
          "plaintext of application data",
        );
      });
      check("key log: each side writes the same single line", async () => {
        const { lines, log } = await traceHandshake(false);
        same(lines.length, 2, "lines");
        same(lines[0], lines[1], "the sides");
        assert(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/.test(lines[0] as string), `${lines[0]}`);
        const agreed = log.client.find((event) => event.type === "agreed");
        assert(lines[0]?.split(" ")[1] === (agreed && toHex(agreed.clientRandom)), "the client's random");
      });
    });
  });
}

interface ConnectedPair {
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
  let promise: Promise<T> | undefined;
  return () => (promise ??= make());
}

async function makeKit({ credential, authority = testCa }: CoreSuiteOptions): Promise<Kit> {
  const ca = await authority();
  const untrustedCa = await authority({ commonName: "An untrusted CA" });
  const day = 86_400_000;
  const issue = async (from: TestCa, options: Parameters<TestCa["issue"]>[0] = {}): Promise<Credential> =>
    credential(await from.issue(options));
  const servers = await Promise.all(
    kinds.map(async (algorithm) => [algorithm, await issue(ca, { algorithm })] as const),
  );
  return {
    ca,
    server: Object.fromEntries(servers) as Record<KeyAlgorithm, Credential>,
    client: await issue(ca, { client: true, commonName: "a client" }),
    untrusted: await issue(untrustedCa),
    untrustedClient: await issue(untrustedCa, { client: true }),
    expired: await issue(ca, { notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) }),
    exact: await issue(ca, { names: ["www.names.test"] }),
    wildcard: await issue(ca, { names: ["*.names.test"] }),
  };
}

interface Combination {
  readonly suite: CipherSuite;
  readonly kind: KeyAlgorithm;
  readonly group: NamedGroup | undefined;
  /** Whether this combination always echoes 1 MiB: exactly one for each suite and certificate does. */
  readonly bulk: boolean;
}

const allOf = (provider: CryptoProvider): readonly CipherSuite[] =>
  [...legacySuites, ...dheSuites, ...ccmSuites].filter((suite) => provider.ciphers[suite.cipher]);
/** The curves that the provider has. A server refuses a group that its provider lacks. */
const curvesOf = (provider: CryptoProvider): readonly NamedGroup[] =>
  defaultGroups.filter(({ name }) => provider.groups[name]);
const modernOf = (provider: CryptoProvider): readonly CipherSuite[] =>
  modernSuites.filter((suite) => provider.ciphers[suite.cipher]);

function combinations(provider: CryptoProvider): Combination[] {
  return allOf(provider).flatMap((suite) => {
    const groups = suite.keyExchange.groups.filter((group) => group.kind === "field" || provider.groups[group.name]);
    return (
      kinds
        .filter((kind) => (kind === "rsa-2048") === (suite.authentication === "rsa"))
        // A client must offer the curve of the certificate (RFC 8422 §5.1.1), which it cannot do without the provider.
        .filter((kind) => !curveOf[kind] || curvesOf(provider).some(({ name }) => name === curveOf[kind]))
        .flatMap((kind, k): Combination[] =>
          groups.length
            ? groups.map((group, g) => ({ suite, kind, group, bulk: g === k % groups.length }))
            : [{ suite, kind, group: undefined, bulk: true }],
        )
    );
  });
}

const curveOf: Partial<Record<KeyAlgorithm, string>> = {
  "ecdsa-p256": "secp256r1",
  "ecdsa-p384": "secp384r1",
  "ecdsa-p521": "secp521r1",
};

/**
 * `group`, which is agreed because it is first, and the certificate's curve, which the client must offer too (RFC 8422
 * §5.1.1).
 */
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

function cutRandomly(bytes: Uint8Array): Uint8Array[] {
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

/** The server sends `length` random bytes of the client back through its streams. Then both sides close cleanly. */
async function echo({ client, server }: Pick<ConnectedPair, "client" | "server">, length: number): Promise<void> {
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
  assert(Object.is(actual, expected), `${what}: got ${String(actual)}, expected ${String(expected)}`);
}

type Expected = Partial<Record<"code" | "alert" | "by" | "fault", string>>;

function expectError(error: unknown, expected: Expected): void {
  assert(TlsError.is(error), `expected a TlsError, got ${String(error)}`);
  for (const [key, value] of Object.entries(expected))
    same<unknown>(error[key as keyof Expected], value, `${key} of "${error.message}"`);
}

function expectFailure(end: PromiseSettledResult<TlsConnection>, expected: Expected): void {
  assert(end.status === "rejected", "the handshake succeeded, expected it to fail");
  expectError(end.reason, expected);
}

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the promise was fulfilled, expected a rejection");
}

/** The bytes, as hex, and the strings of an event and of the objects in it. */
function toHexDeep(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? Object.values(value).map(toHexDeep).join(" ") : "";
}
