import { toHex } from "@handclasp/core/unstable";
import {
  type CipherSuite,
  type Credential,
  ccmSuites,
  connect,
  createServer,
  defaultGroups,
  dheSuites,
  ecdhePskSuites,
  grease,
  legacySuites,
  type NamedCurve,
  noble,
  nodeCredential,
  nodeCrypto,
  pskSuites,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
  type TlsConnection,
  type TlsServer,
} from "@handclasp/node";
import { type IssuedCertificate, type KeyAlgorithm, testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withZero } from "./dheZero.ts";
import {
  type OpensslProcess,
  opensslName,
  opensslVersion,
  startEchoServer,
  startOpenssl,
  temporaryFiles,
} from "./openssl.ts";

const size = 2 ** 20;
const payload = crypto.getRandomValues(new Uint8Array(65_536));
const sent = Buffer.concat(Array.from({ length: size / payload.length }, () => payload));

const suites = [...legacySuites, ...dheSuites, ...ccmSuites];
/** A suite for each MAC, with RSA authentication. */
const cbcSuites = [
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
];
/** All suites with a pre-shared key, except the one that OpenSSL lacks. */
const sharedSuites = [...ecdhePskSuites, ...pskSuites].filter(
  (suite) => suite !== TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
);
const identityName = "device 7";
const sharedKey = crypto.getRandomValues(new Uint8Array(32));
const ca = await testCa();
const issued: Record<"ecdsa" | "rsa" | "client", IssuedCertificate> = {
  ecdsa: await ca.issue(),
  rsa: await ca.issue({ algorithm: "rsa-2048" }),
  client: await ca.issue({ client: true }),
};
const files = temporaryFiles();
if (opensslVersion) afterAll(() => files.remove());
const caFile = files.file("ca.pem", ca.pem);

/** The arguments `-cert FILE -key FILE`. */
function identity(name: string, { cert, key }: IssuedCertificate): string[] {
  return ["-cert", files.file(`${name}.pem`, cert), "-key", files.file(`${name}.key`, key)];
}
const clientIdentity = identity("client", issued.client);

/** Writes 1 MiB and reads it back at the same time, then closes cleanly. */
async function roundTrip(connection: TlsConnection): Promise<void> {
  const writing = connection.write(sent);
  const received: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const bytes = await connection.read();
    if (!bytes) break;
    received.push(bytes);
    length += bytes.length;
  }
  await writing;
  expect(Buffer.concat(received).equals(sent)).toBe(true);
  await connection.close();
}

if (!opensslVersion) files.remove(); // afterAll does not run if all tests are skipped

describe.skipIf(!opensslVersion)(`${opensslVersion ?? "no openssl: set HANDCLASP_OPENSSL to its path"}`, () => {
  describe("s_client connects to our server", () => {
    const servers: TlsServer[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.close())));
    let lastConnection: TlsConnection | undefined;

    /** Starts a server that echoes 1 MiB, then sends close_notify, which ends s_client. */
    async function listen(options: Partial<Parameters<typeof createServer>[0]>): Promise<number> {
      const credentials = [nodeCredential(issued.ecdsa), nodeCredential(issued.rsa)];
      const server = createServer({ credentials, suites, ...options }, async (connection) => {
        lastConnection = connection;
        let left = size;
        for await (const bytes of connection) {
          await connection.write(bytes);
          left -= bytes.length;
          if (left <= 0) await connection.closeWrite();
        }
      });
      servers.push(server);
      return ((await server.listenTcp()).address() as { port: number }).port;
    }

    /** Runs s_client until it exits, and returns the server's connection. */
    async function sClient(port: number, cipher: string, args: readonly string[] = []): Promise<TlsConnection> {
      lastConnection = undefined;
      const trustArguments = [
        "-CAfile",
        caFile,
        "-verify_return_error",
        "-servername",
        "localhost",
        "-verify_hostname",
        "localhost",
      ];
      const connectArguments = [
        "-connect",
        `127.0.0.1:${port}`,
        "-tls1_2",
        "-cipher",
        `${cipher}:@SECLEVEL=0`,
        "-quiet",
        "-nocommands",
      ];
      const client = startOpenssl(["s_client", ...connectArguments, ...trustArguments, ...args]);
      const received: Buffer[] = [];
      client.process.stdout.on("data", (bytes: Buffer) => received.push(bytes));
      client.process.stdin.write(sent);
      const code = await client.exited;
      expect(Buffer.concat(received).equals(sent), client.stderr()).toBe(true);
      expect(code).toBe(0);
      const connection = lastConnection as unknown as TlsConnection;
      await connection.closed;
      return connection;
    }

    describe.each([
      ["without a client certificate", {}, []],
      ["with a client certificate", { clientAuth: "require", ca: ca.pem } as const, clientIdentity],
    ])("%s", (_, options, args) => {
      let port = 0;
      beforeAll(async () => {
        port = await listen(options);
      });
      test.each(suites.map((suite) => suite.name))("%s: all data comes back", async (suite) => {
        const { session } = await sClient(port, opensslName(suite), args);
        expect(session).toMatchObject({
          suite,
          serverName: "localhost",
          extendedMasterSecret: true,
          encryptThenMac: suite.includes("_CBC_"),
          secureRenegotiation: true,
        });
        expect(session.peer?.certificate.subject.text).toBe(args.length ? "CN=client" : undefined);
      });
    });

    describe("with a pre-shared key", () => {
      let port = 0;
      beforeAll(async () => {
        port = await listen({
          credentials: [],
          suites: sharedSuites,
          psk: { lookup: (name) => (name === identityName ? sharedKey : undefined), hint: "hint" },
        });
      });
      const args = (key: Uint8Array, name = identityName) => ["-psk", toHex(key), "-psk_identity", name];
      test.each(sharedSuites.map(({ name }) => name))("%s: all data comes back", async (suite) => {
        const { session } = await sClient(port, opensslName(suite), args(sharedKey));
        expect(session).toMatchObject({ suite, pskIdentity: identityName, extendedMasterSecret: true });
      });
      test.each([
        ["a wrong key", args(sharedKey.slice().fill(1))],
        ["an unknown identity", args(sharedKey, "unknown")],
      ])("%s ends with bad_record_mac", async (_, wrong) => {
        const client = startOpenssl([
          "s_client",
          "-connect",
          `127.0.0.1:${port}`,
          "-tls1_2",
          "-cipher",
          "PSK",
          "-quiet",
          ...wrong,
        ]);
        expect(await client.exited).not.toBe(0);
        expect(client.stderr()).toMatch(/alert bad record mac/);
      });
    });

    test("requires a client certificate, and sends handshake_failure without one", async () => {
      const port = await listen({ clientAuth: "require", ca: ca.pem });
      const client = startOpenssl([
        "s_client",
        "-connect",
        `127.0.0.1:${port}`,
        "-tls1_2",
        "-CAfile",
        caFile,
        "-quiet",
      ]);
      expect(await client.exited).not.toBe(0);
      expect(client.stderr()).toMatch(/alert handshake failure/);
    });

    describe("with one group", () => {
      let port = 0;
      beforeAll(async () => {
        port = await listen({});
      });
      test.each(defaultGroups.map(({ name }) => name))("%s: the session uses it", async (group) => {
        const { session } = await sClient(port, "ECDHE", ["-groups", opensslGroup(group)]);
        expect(session.group).toBe(group);
      });
    });

    test.each<KeyAlgorithm>(["ecdsa-p384", "ecdsa-p521", "ed25519"])(
      "s_client accepts a server certificate of %s",
      async (algorithm) => {
        const port = await listen({ credentials: [nodeCredential(await ca.issue({ algorithm }))] });
        await sClient(port, "ECDHE");
      },
    );

    test("all data comes back if the server uses noble", async () => {
      await sClient(await listen({ provider: noble, suites: legacySuites }), "ECDHE");
    });

    test("TLS_FALLBACK_SCSV: TLS 1.2 is accepted, and TLS 1.1 is an inappropriate fallback", async () => {
      const port = await listen({});
      await sClient(port, "ECDHE", ["-fallback_scsv"]);
      const client = startOpenssl([
        "s_client",
        "-connect",
        `127.0.0.1:${port}`,
        "-tls1_1",
        "-cipher",
        "ALL:@SECLEVEL=0",
        "-fallback_scsv",
      ]);
      expect(await client.exited).not.toBe(0);
      expect(client.stderr()).toMatch(/alert inappropriate fallback/);
    });

    test.each([512, 1024, 2048, 4096])("the session uses max_fragment_length %i", async (maxFragmentLength) => {
      const port = await listen({});
      const { session } = await sClient(port, "ECDHE+aRSA", ["-maxfraglen", String(maxFragmentLength)]);
      expect(session).toMatchObject({ maxFragmentLength });
    });

    test.each(cbcSuites.map(({ name }) => name))("%s works without encrypt_then_mac", async (suite) => {
      const { session } = await sClient(await listen({}), opensslName(suite), ["-no_etm"]);
      expect(session).toMatchObject({ suite, encryptThenMac: false });
    });
  });

  describe("our client connects to s_server", () => {
    const servers: OpensslProcess[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.stop())));

    async function sServer(args: readonly string[], version?: readonly string[]): Promise<number> {
      const server = await startEchoServer([...args, "-cipher", "ALL:@SECLEVEL=0"], version);
      servers.push(server);
      return server.port;
    }

    /** Connects. s_server does not report that it listens, so a refused connection is tried again. */
    async function open(port: number, options: Partial<Parameters<typeof connect>[1]> = {}): Promise<TlsConnection> {
      const end = Date.now() + 90_000; // only a hang takes so long, even on a busy machine
      for (;;) {
        try {
          return await connect(`tcp://127.0.0.1:${port}`, { ca: ca.pem, serverName: "localhost", ...options });
        } catch (error) {
          if (Date.now() > end || (error as { code?: string }).code !== "connection_refused") throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    }

    describe.each([
      ["without a client certificate", [], undefined],
      [
        "with a client certificate",
        ["-Verify", "1", "-verify_return_error", "-CAfile", caFile],
        nodeCredential(issued.client),
      ],
    ] as [string, string[], Credential | undefined][])("%s", (_, args, credential) => {
      const ports: Record<CipherSuite["authentication"], number> = { ecdsa: 0, rsa: 0, psk: 0 };
      beforeAll(async () => {
        for (const kind of ["ecdsa", "rsa"] as const)
          ports[kind] = await sServer([...identity(kind, issued[kind]), ...args]);
      });
      test.each(suites.map((suite) => [suite.name, suite] as const))("%s: all data comes back", async (name, suite) => {
        const connection = await open(ports[suite.authentication], {
          suites: [suite],
          ...(credential && { credentials: credential }),
        });
        expect(connection.session).toMatchObject({
          suite: name,
          extendedMasterSecret: true,
          encryptThenMac: name.includes("_CBC_"),
          secureRenegotiation: true,
        });
        await roundTrip(connection);
      });
    });

    describe("with a pre-shared key", () => {
      const psk = { identity: identityName, key: sharedKey };
      let port = 0;
      beforeAll(async () => {
        port = await sServer(["-nocert", "-psk", toHex(sharedKey), "-psk_identity", identityName, "-psk_hint", "hint"]);
      });
      test.each(sharedSuites.map((suite) => [suite.name, suite] as const))(
        "%s: all data comes back",
        async (name, suite) => {
          const connection = await open(port, {
            ca: undefined,
            suites: [suite],
            psk: (hint) => (hint === "hint" ? psk : undefined),
          });
          expect(connection.session).toMatchObject({ suite: name, pskIdentity: identityName });
          await roundTrip(connection);
        },
      );
      test("s_server refuses a wrong key", async () => {
        const wrong = { ...psk, key: sharedKey.slice().fill(1) };
        await expect(open(port, { suites: sharedSuites, psk: wrong })).rejects.toMatchObject({ by: "peer" });
      });
    });

    test("DHE: handshakes succeed whose shared secret begins with a zero byte, as one in 256 does", async () => {
      const port = await sServer(identity("rsa", issued.rsa));
      for (const provider of [nodeCrypto, noble]) {
        const { finiteField, zeros } = withZero();
        const suites = [TLS_DHE_RSA_WITH_AES_128_GCM_SHA256];
        await roundTrip(await open(port, { suites, provider: { ...provider, finiteField } }));
        expect(zeros()).toBe(1);
      }
    });

    test("s_server refuses a client without the certificate that it requires", async () => {
      const port = await sServer([
        ...identity("ecdsa", issued.ecdsa),
        "-Verify",
        "1",
        "-verify_return_error",
        "-CAfile",
        caFile,
      ]);
      // OpenSSL sends handshake_failure, and later versions send certificate_required.
      const alert = expect.stringMatching(/handshake_failure|certificate_required/);
      await expect(open(port)).rejects.toMatchObject({ by: "peer", alert });
    });

    // The server's key is an RSA key, because an ECDSA key must also be on an offered group (RFC 8422 §5.3).
    describe("with one group", () => {
      let port = 0;
      beforeAll(async () => {
        port = await sServer([
          ...identity("rsa", issued.rsa),
          "-groups",
          defaultGroups.map(({ name }) => opensslGroup(name)).join(":"),
        ]);
      });
      test.each(defaultGroups.map((group) => [group.name, group] as const))(
        "%s: the session uses it",
        async (name, group) => {
          const connection = await open(port, { groups: [group] });
          expect(connection.session.group).toBe(name);
          await roundTrip(connection);
        },
      );
      test("all data comes back if the client uses noble", async () => {
        await roundTrip(await open(port, { provider: noble, suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] }));
        await roundTrip(await open(port, { provider: noble, suites: [TLS_DHE_RSA_WITH_AES_128_GCM_SHA256] }));
      });
    });

    test("s_server accepts GREASE and a ClientHello with padding", async () => {
      const port = await sServer([...identity("ecdsa", issued.ecdsa), "-alpn", "h2"]);
      const connection = await open(port, { grease, suites: legacySuites, alpn: ["h2", "x".repeat(100)] });
      expect(connection.session).toMatchObject({ alpn: "h2" });
      await roundTrip(connection);
    });

    test("TLS_FALLBACK_SCSV: a server with TLS 1.3 refuses the fallback", async () => {
      const fallbackScsv = true;
      await roundTrip(await open(await sServer(identity("ecdsa", issued.ecdsa)), { fallbackScsv }));
      const newer = await sServer(identity("ecdsa", issued.ecdsa), []);
      await expect(open(newer, { fallbackScsv })).rejects.toMatchObject({
        alert: "inappropriate_fallback",
        by: "peer",
      });
    });

    test("the session uses the max_fragment_length that we ask for", async () => {
      const port = await sServer(identity("rsa", issued.rsa));
      for (const maxFragmentLength of [512, 1024, 2048, 4096] as const) {
        const connection = await open(port, { maxFragmentLength });
        expect(connection.session).toMatchObject({ maxFragmentLength });
        await roundTrip(connection);
      }
    });

    test("CBC suites work without encrypt_then_mac", async () => {
      const port = await sServer([...identity("rsa", issued.rsa), "-no_etm"]);
      for (const suite of cbcSuites) {
        const connection = await open(port, { suites: [suite] });
        expect(connection.session).toMatchObject({ suite: suite.name, encryptThenMac: false });
        await roundTrip(connection);
      }
    });

    test.each<KeyAlgorithm>(["ecdsa-p384", "ecdsa-p521", "ed25519"])(
      "each side accepts the other side's certificate of %s",
      async (algorithm) => {
        const port = await sServer([
          ...identity(algorithm, await ca.issue({ algorithm })),
          "-Verify",
          "1",
          "-verify_return_error",
          "-CAfile",
          caFile,
        ]);
        const credential = nodeCredential(await ca.issue({ algorithm, client: true }));
        await roundTrip(await open(port, { credentials: credential }));
      },
    );

    test("s_server accepts a client certificate of rsa-2048", async () => {
      const port = await sServer([
        ...identity("rsa", issued.rsa),
        "-Verify",
        "1",
        "-verify_return_error",
        "-CAfile",
        caFile,
      ]);
      const credential = nodeCredential(await ca.issue({ algorithm: "rsa-2048", client: true }));
      await roundTrip(await open(port, { credentials: credential }));
    });
  });
});

/** The name of a group for OpenSSL, which in older versions does not know the name secp256r1. */
const opensslGroup = (name: NamedCurve["name"]): string =>
  ({ x25519: "X25519", secp256r1: "P-256", secp384r1: "P-384", secp521r1: "P-521" })[name];
