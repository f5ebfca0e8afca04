import { randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { jsonLines, run, type Server, serve, start, temporaryFolder } from "./handclasp.ts";

const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);
const ca = ["--ca", file("ca.pem")];
const serverCertificate = ["--cert", file("server.pem"), "--key", file("server.key")];
const clientCertificate = ["--cert", file("client.pem"), "--key", file("client.key")];
beforeAll(async () => {
  expect(await run(["certs", folder.path])).toMatchObject({ code: 0 });
});
afterAll(() => folder.remove());

/** Starts a server, runs `body`, and stops the server. */
async function withServer(args: string[], body: (server: Server) => Promise<void>): Promise<void> {
  const server = await serve(...args);
  try {
    await body(server);
  } finally {
    expect(await server.stop()).toMatchObject({ code: 0 });
  }
}

describe("certs", () => {
  test.each(["ecdsa-p256", "rsa-2048", "ed25519"])(
    "writes the certificates of a CA, a server and a client with the algorithm %s",
    async (algorithm) => {
      const target = join(folder.path, algorithm);
      const { code, stdout } = await run([
        "certs",
        target,
        "--algorithm",
        algorithm,
        "--host",
        "device.example,10.0.0.1",
      ]);
      expect(code).toBe(0);
      const names = ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"];
      expect(stdout.toString().trim().split("\n")).toEqual(names.map((name) => join(target, name)));
      const [authority, server, client] = ["ca.pem", "server.pem", "client.pem"].map(
        (name) => new X509Certificate(readFileSync(join(target, name))),
      );
      expect(server!.subjectAltName).toBe("DNS:device.example, IP Address:10.0.0.1");
      expect(server!.verify(authority!.publicKey) && client!.verify(authority!.publicKey)).toBe(true);
      expect(statSync(join(target, "server.key")).mode & 0o777).toBe(0o600);
    },
  );
});

/** The HTTP status with which a server answers a page that opens a WebSocket. */
async function statusFor(server: Server, host: string, origin: string): Promise<string | undefined> {
  const socket = connectTcp(Number(new URL(server.ws).port), "127.0.0.1");
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer.toString().split(" ")[1];
}

test("--origins and --hosts admit pages of other hosts, and the error names a refused origin", async () => {
  const flags = [...serverCertificate, "--origins", "https://a.example,https://b.example", "--hosts", "a.example"];
  await withServer(flags, async (server) => {
    expect(await statusFor(server, "localhost", "https://b.example")).toBe("101");
    expect(await statusFor(server, "a.example", "https://a.example")).toBe("101");
    expect(await statusFor(server, "localhost", "https://c.example")).toBe("403");
    await expect
      .poll(() => server.events().filter(({ code }) => code === "origin_refused"))
      .toMatchObject([{ event: "error", message: expect.stringContaining('origins: ["https://c.example"]') }]);
  });
});

describe("serve and connect", () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(...serverCertificate);
  });
  afterAll(() => server.stop());

  describe.each(["ws", "tcp"] as const)("%s", (transport) => {
    test("serve echoes 1 MiB to connect, and both print their events", async () => {
      const before = server.events().length;
      const sent = randomBytes(2 ** 20);
      const { code, stdout, stderr } = await run(
        ["connect", server[transport], ...ca, "--servername", "localhost", "--json"],
        sent,
      );
      expect(code, stderr).toBe(0);
      expect(stdout.equals(sent)).toBe(true);
      const established = {
        event: "established",
        version: "TLSv1.2",
        suite: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        group: "x25519",
        signatureScheme: "ecdsa_secp256r1_sha256",
        alpn: null,
        serverName: "localhost",
        resumed: false,
        extendedMasterSecret: true,
        encryptThenMac: false,
      };
      const closed = { event: "closed", clean: true, bytesIn: 2 ** 20, bytesOut: 2 ** 20 };
      const sha256 = new X509Certificate(readFileSync(file("server.pem"))).fingerprint256
        .replaceAll(":", "")
        .toLowerCase();
      const peer = { subject: "CN=localhost", sha256 };
      expect(jsonLines(stderr)).toEqual([{ ...established, role: "client", peer }, closed]);
      await expect
        .poll(() => server.events().slice(before))
        .toEqual([{ ...established, role: "server", peer: null }, closed]);
    });

    test("connect works with --provider noble", async () => {
      const { code, stdout } = await run(["connect", server[transport], ...ca, "--provider", "noble"], "hello");
      expect([code, stdout.toString()]).toEqual([0, "hello"]);
    });

    test("for a certificate from another CA, connect sends unknown_ca, and serve reports it", async () => {
      const before = server.events().length;
      const { code, stdout, stderr } = await run(["connect", server[transport], "--ca", file("client.pem")], "hello");
      expect(code).toBe(1);
      expect(stdout.length).toBe(0);
      expect(stderr).toMatch(/^error: .*CN=localhost.*\[alert unknown_ca, sent\]\n$/);
      const error = {
        event: "error",
        alert: "unknown_ca",
        by: "peer",
        code: "unknown_ca",
        message: expect.any(String),
      };
      await expect.poll(() => server.events().slice(before)).toEqual([error]);
    });

    test("for a name that is not in the certificate, connect sends bad_certificate", async () => {
      const { code, stderr } = await run([
        "connect",
        server[transport],
        ...ca,
        "--servername",
        "other.example",
        "--json",
      ]);
      expect(code).toBe(1);
      expect(jsonLines(stderr)).toMatchObject([
        { event: "error", alert: "bad_certificate", by: "us", code: "name_mismatch" },
      ]);
    });

    test("without a common suite, serve sends handshake_failure", async () => {
      const { code, stderr } = await run([
        "connect",
        server[transport],
        ...ca,
        "--suites",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "--json",
      ]);
      expect(code).toBe(1);
      expect(jsonLines(stderr)).toMatchObject([{ event: "error", alert: "handshake_failure", by: "peer" }]);
    });
  });

  test("with --groups and --keylog, --trace shows the handshake, and only the key log has its secrets", async () => {
    const log = file("keys.log");
    const { code, stderr } = await run(
      ["connect", server.tcp, ...ca, "--groups", "secp256r1", "--keylog", log, "--trace"],
      "x",
    );
    expect(code).toBe(0);
    const keys = /^CLIENT_RANDOM ([0-9a-f]{64}) ([0-9a-f]{96})\n$/.exec(readFileSync(log, "utf8"));
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(stderr).toContain(`random ${keys?.[1]}`);
    expect(stderr).not.toContain(keys?.[2]);
    const names = [...stderr.matchAll(/^(-> |<- )(\w+),/gm)].map(([, arrow, name]) => `${arrow}${name}`);
    expect(names).toEqual([
      "-> client_hello",
      "<- server_hello",
      "<- certificate",
      "<- server_key_exchange",
      "<- server_hello_done",
      "-> client_key_exchange",
      "-> finished",
      "<- finished",
    ]);
    expect(stderr).toMatch(/namedCurve secp256r1 \(0x0017\)/);
    expect(stderr).toMatch(/^ +notAfter \d{4}-\d\d-\d\dT[\d:]+Z$/m);
    expect(stderr).toMatch(/^ +subjectAltNames \[DNS localhost/m);
    expect(stderr).toMatch(/^-> alert warning close_notify$/m);
  });

  test("serve reports truncated for a client that ends without close_notify", async () => {
    const before = server.events().length;
    const client = start(["connect", server.tcp, ...ca]);
    client.process.stdin.write("hello");
    await client.waitFor("stdout", /hello/);
    client.process.kill("SIGKILL");
    await client.ended;
    await expect
      .poll(() => server.events().slice(before + 1))
      .toMatchObject([
        { event: "error", alert: null, by: "us", code: "truncated" },
        { event: "closed", clean: false, bytesIn: 5, bytesOut: 5 },
      ]);
  });

  test("connect ends when the server stops, while stdin is still open", async () => {
    const stoppable = await serve(...serverCertificate);
    const client = start(["connect", stoppable.ws, ...ca]);
    client.process.stdin.write("hello");
    await client.waitFor("stdout", /hello/);
    const [stopped, ended] = await Promise.all([stoppable.stop(), client.ended]);
    expect([stopped.code, ended.code]).toEqual([0, 0]);
  });
});

test("--client-auth require accepts a client certificate and refuses a client without one", async () => {
  await withServer(
    [...serverCertificate, "--client-ca", file("ca.pem"), "--client-auth", "require"],
    async (server) => {
      expect(await run(["connect", server.tcp, ...ca, ...clientCertificate], "x")).toMatchObject({ code: 0 });
      expect(server.events()[0]).toMatchObject({ peer: { subject: "CN=client" } });
      const { code, stderr } = await run(["connect", server.ws, ...ca], "x");
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: .*\[alert handshake_failure, received\]\n$/);
    },
  );
});

test("connect trusts the throw-away certificate by its pin", async () => {
  await withServer([], async (server) => {
    const [, pin = ""] = /pin (sha256\/\S+)$/m.exec(server.stderr()) ?? [];
    expect(await run(["connect", server.ws, "--pin", pin], "x")).toMatchObject({ code: 0 });
    const wrong = await run(["connect", server.ws, "--pin", `sha256/${"A".repeat(43)}=`], "x");
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*\[alert certificate_unknown, sent\]\n$/),
    });
  });
});

test("RSA key exchange works with a throw-away certificate", async () => {
  const suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
  await withServer(["--suites", suite], async (server) => {
    const { code, stdout, stderr } = await run(
      ["connect", server.tcp, "--insecure", "--suites", "legacy", "--json"],
      "hello",
    );
    expect([code, stdout.toString()]).toEqual([0, "hello"]);
    expect(jsonLines(stderr)[0]).toMatchObject({ suite, group: null, signatureScheme: null });
  });
});

describe("--psk", () => {
  const key = "00112233445566778899aabbccddeeff";
  const connectWith = (server: Server, ...args: string[]) => run(["connect", server.tcp, "--json", ...args], "hello");

  test("a client uses a PSK alone, chooses a PSK suite by name, or uses certificates", async () => {
    await withServer(["--psk", `device:7:${key}`, "--psk", `device 8:${"ff".repeat(32)}`], async (server) => {
      const alone = await connectWith(server, "--psk", `device:7:${key}`);
      expect([alone.code, alone.stdout.toString()]).toEqual([0, "hello"]);
      const suite = "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256";
      expect(jsonLines(alone.stderr)[0]).toMatchObject({
        suite,
        pskIdentity: "device:7",
        signatureScheme: null,
        peer: null,
      });
      const suiteName = "TLS_PSK_WITH_AES_256_CBC_SHA";
      const other = await connectWith(server, "--psk", `device 8:${"ff".repeat(32)}`, "--suites", suiteName);
      expect(jsonLines(other.stderr)[0]).toMatchObject({ suite: suiteName, pskIdentity: "device 8" });
      const certified = await connectWith(server, "--insecure");
      expect(jsonLines(certified.stderr)[0]).not.toHaveProperty("pskIdentity");
    });
  });

  test("a server with only PSK suites makes no certificate", async () => {
    const suites = ["--suites", "TLS_PSK_WITH_AES_128_GCM_SHA256"];
    await withServer(["--psk", `device:${key}`, ...suites], async (server) => {
      expect(server.stderr()).not.toContain("throw-away");
      expect(await connectWith(server, "--psk", `device:${key}`)).toMatchObject({ code: 0 });
    });
  });

  test("a wrong key and an unknown identity get the same alert", async () => {
    await withServer(["--psk", `device:${key}`], async (server) => {
      for (const wrong of [`device:${"ff".repeat(16)}`, `other:${key}`]) {
        const { code, stderr } = await connectWith(server, "--psk", wrong);
        expect(code).toBe(1);
        expect(jsonLines(stderr)).toMatchObject([{ event: "error", alert: "bad_record_mac", by: "peer" }]);
      }
    });
  });
});

test("serve chooses one of two certificates by the client's suites, and both sides agree on ALPN", async () => {
  await run(["certs", file("rsa"), "--algorithm", "rsa-2048"]);
  const rsa = ["--cert", file("rsa/server.pem"), "--key", file("rsa/server.key")];
  await withServer([...serverCertificate, ...rsa, "--alpn", "a,b", "--max-fragment", "512"], async (server) => {
    const suites = ["--suites", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"];
    const { code, stderr } = await run(
      ["connect", server.ws, "--ca", file("rsa/ca.pem"), ...suites, "--alpn", "c,b", "--json"],
      "x",
    );
    expect(code).toBe(0);
    expect(jsonLines(stderr)[0]).toMatchObject({ suite: suites[1], alpn: "b" });
    const none = await run(["connect", server.ws, ...ca, "--alpn", "c", "--json"], "x");
    expect(jsonLines(none.stderr)).toMatchObject([{ event: "error", alert: "no_application_protocol", by: "peer" }]);
  });
});

describe("--respond", () => {
  test("http answers GET / with a page, and other requests with an error", async () => {
    await withServer([...serverCertificate, "--respond", "http"], async (server) => {
      const page = await run(["connect", server.ws, ...ca, "--http", "/", "--json"]);
      expect(page.stdout.toString()).toMatch(
        /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n<!doctype html>.*TLS_ECDHE_ECDSA_WITH/,
      );
      expect(page.code).toBe(0);
      expect(jsonLines(page.stderr).at(-1)).toMatchObject({ event: "closed", clean: true });
      const other = await run(["connect", server.tcp, ...ca, "--http", "/other"]);
      expect(other.stdout.toString()).toMatch(/^HTTP\/1\.1 404 /);
      const bare = await run(["connect", server.tcp, ...ca], "GET / HTTP/1.0\n\n");
      expect(bare.stdout.toString()).toMatch(/^HTTP\/1\.1 200 /);
      const wrong = await run(["connect", server.tcp, ...ca], "PUT");
      expect(wrong.stdout.toString()).toMatch(/^HTTP\/1\.1 400 /);
      for (const input of ["", "\n"]) {
        const empty = await run(["connect", server.tcp, ...ca], input);
        expect([empty.code, empty.stdout.toString()]).toEqual([0, ""]);
      }
    });
  });

  test("sink reads all data and sends none", async () => {
    await withServer([...serverCertificate, "--respond", "sink"], async (server) => {
      const { code, stdout } = await run(["connect", server.ws, ...ca], randomBytes(300_000));
      expect([code, stdout.length]).toEqual([0, 0]);
      await expect
        .poll(() => server.events().at(-1))
        .toEqual({ event: "closed", clean: true, bytesIn: 300_000, bytesOut: 0 });
    });
  });

  test("source:BYTES sends that many bytes", async () => {
    await withServer([...serverCertificate, "--respond", "source:1000000"], async (server) => {
      const { code, stdout } = await run(["connect", server.tcp, ...ca]);
      expect([code, stdout.length]).toEqual([0, 1_000_000]);
    });
  });

  test("source sends until the client closes", async () => {
    await withServer([...serverCertificate, "--respond", "source"], async (server) => {
      const client = start(["connect", server.ws, ...ca]);
      await once(client.process.stdout, "data");
      client.process.stdin.end();
      expect((await client.ended).code).toBe(0);
    });
  });
});

describe("SIGTERM", () => {
  test("sends close_notify to all peers and exits with 0", async () => {
    const server = await serve(...serverCertificate);
    const clients = [server.ws, server.tcp].map((target) => start(["connect", target, ...ca, "--json"]));
    for (const client of clients) await client.waitFor("stderr", /"established"/);
    expect(await server.stop()).toMatchObject({ code: 0 });
    for (const client of clients) {
      const { code, stderr } = await client.ended;
      expect([code, jsonLines(stderr).at(-1)]).toMatchObject([0, { event: "closed", clean: true }]);
    }
    await expect(run(["connect", server.tcp, ...ca])).resolves.toMatchObject({ code: 1 });
  });

  test("cleanly ends a source without a limit", async () => {
    const server = await serve(...serverCertificate, "--respond", "source");
    const client = start(["connect", server.tcp, ...ca, "--json"]);
    await once(client.process.stdout, "data");
    const stopped = await server.stop();
    const { code, stderr } = await client.ended;
    expect([stopped.code, code]).toEqual([0, 0]);
    for (const events of [server.events(), jsonLines(stderr)])
      expect(events).toMatchObject([{ event: "established" }, { event: "closed", clean: true }]);
  });

  test("exits with 0 although a peer sends nothing", async () => {
    const server = await serve(...serverCertificate);
    const { port } = new URL(server.tcp);
    const mutePeer = connectTcp({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    mutePeer.on("error", () => {});
    await new Promise((resolve) => mutePeer.once("connect", resolve));
    const { code } = await server.stop();
    expect(code).toBe(0);
    mutePeer.destroy();
  });
});

describe("handclasp", () => {
  test.each<[string, string[], number, RegExp]>([
    ["no command", [], 2, /^Usage: handclasp/],
    ["an unknown command", ["serf"], 2, /^error: unknown command 'serf'.*\n$/],
    ["an unknown option", ["serve", "--hots", "x"], 2, /^error: unknown option '--hots'.*\n$/],
    ["no target", ["connect"], 2, /^error: missing required argument 'target'\n$/],
    [
      "a target of another kind",
      ["connect", "http://localhost/"],
      2,
      /^error: .*http:\/\/localhost.*expected ws:.*\n$/,
    ],
    ["a target without a port", ["connect", "tcp://localhost"], 2, /^error: .*tcp:\/\/host:port\n$/],
    ["no trust anchor", ["connect", "ws://127.0.0.1:1/"], 2, /^error: no trust anchor: .*--insecure.*\n$/],
    [
      "--ca system over a WebSocket without a server name",
      ["connect", "ws://127.0.0.1:1/", "--ca", "system"],
      2,
      /^error: systemRoots\(\) over a WebSocket without serverName .*\n$/,
    ],
    [
      "--ca system over TCP, without a server",
      ["connect", "tcp://127.0.0.1:1", "--ca", "system"],
      1,
      /^error: no connection: .*ECONNREFUSED.*\n$/,
    ],
    [
      "two kinds of trust",
      ["connect", "ws://127.0.0.1:1/", "--ca", "x", "--insecure"],
      2,
      /^error: option '--ca <file>' cannot be used with.*\n$/,
    ],
    ["an unknown suite", ["serve", "--suites", "TLS_NULL"], 2, /^error: --suites: TLS_NULL is unknown.*\n$/],
    ["an unknown group", ["serve", "--groups", "x448"], 2, /^error: --groups: x448 is not one of.*\n$/],
    ["an invalid port", ["serve", "--ws", "65536"], 2, /^error: .*expected a number from 0 to 65535\n$/],
    [
      "a --max-fragment that is too small",
      ["serve", "--max-fragment", "63"],
      2,
      /^error: .*expected a number from 64 to 16384\n$/,
    ],
    ["an unknown responder", ["serve", "--respond", "echoes"], 2, /^error: --respond echoes: expected.*\n$/],
    ["an invalid origin", ["serve", "--ws", "0", "--origins", "*"], 2, /^error: origins: "\*" is not an origin .*\n$/],
    ["origins for TCP", ["serve", "--tcp", "0", "--origins", "null"], 2, /^error: --origins and --hosts .*--ws\n$/],
    ["--cert without --key", ["serve", "--cert", "x"], 2, /^error: --cert and --key go together.*\n$/],
    ["--ocsp without --cert", ["serve", "--ocsp", "x"], 2, /^error: --ocsp needs --cert.*\n$/],
    [
      "a file that is not an OCSP response",
      ["serve", ...serverCertificate, "--ocsp", file("ca.pem")],
      1,
      /^error: --ocsp .*ca.pem: the OCSP response cannot be read: .*\n$/,
    ],
    [
      "a missing file of an OCSP response",
      ["serve", ...serverCertificate, "--ocsp", "/nowhere.der"],
      1,
      /^error: --ocsp \/nowhere.der: no such file or folder\n$/,
    ],
    [
      "--ocsp check with --insecure",
      ["connect", "tcp://127.0.0.1:1", "--insecure", "--ocsp", "check"],
      2,
      /^error: ocsp.check with insecure.*\n$/,
    ],
    ["--client-auth without --client-ca", ["serve", "--client-auth", "require"], 2, /^error: .*needs --client-ca\n$/],
    ["an unknown algorithm", ["certs", "x", "--algorithm", "dsa"], 2, /^error: .*ecdsa-p256, rsa-2048, ed25519\.\n$/],
    [
      "a missing file",
      ["connect", "ws://127.0.0.1:1/", "--ca", "/nowhere.pem"],
      1,
      /^error: --ca \/nowhere.pem: no such file or folder\n$/,
    ],
    [
      "a folder instead of a file",
      ["serve", "--client-ca", "/"],
      1,
      /^error: --client-ca \/: expected a file, found a folder\n$/,
    ],
    [
      "a CA file without a certificate",
      ["connect", "ws://127.0.0.1:1/", "--ca", process.execPath],
      1,
      /^error: --ca .*there is no certificate in it.*\n$/,
    ],
    ["a short PSK", ["serve", "--psk", "device:c0ffee"], 2, /^error: --psk: expected IDENTITY:HEXKEY(?!.*c0ffee).*\n$/],
    ["an empty list of suites", ["serve", "--suites", ","], 2, /^error: --suites: the list is empty\n$/],
    ["an empty list of groups", ["serve", "--groups", ""], 2, /^error: --groups: the list is empty\n$/],
    ["an empty list of protocols", ["serve", "--alpn", ""], 2, /^error: --alpn: the list is empty\n$/],
    ["an invalid pin", ["connect", "ws://127.0.0.1:1/", "--pin", "x"], 2, /^error: pins: "x" \(expected sha256.*\n$/],
    [
      "an invalid server name",
      ["connect", "ws://127.0.0.1:1/", "--insecure", "--servername", "a b"],
      2,
      /^error: serverName: not a name .*\n$/,
    ],
    [
      "a protocol that is too long",
      ["serve", "--ws", "0", "--alpn", "x".repeat(256)],
      2,
      /^error: alpn: wrong protocols .*\n$/,
    ],
    ["an invalid host", ["certs", "x", "--host", "a b"], 2, /^error: --host: a b is neither.*\n$/],
    [
      "a key log in a missing folder",
      ["serve", "--keylog", "/nowhere/log"],
      1,
      /^error: --keylog .*no such file or folder\n$/,
    ],
    [
      "a folder below a file",
      ["certs", join(process.execPath, "x")],
      1,
      /^error: .*: expected a folder, found a file\n$/,
    ],
    [
      "no server at the address",
      ["connect", "tcp://127.0.0.1:1", "--insecure"],
      1,
      /^error: no connection: .*ECONNREFUSED.*\n$/,
    ],
  ])("for %s, prints the error or the usage, and exits with 1 or 2", async (_, args, code, stderr) => {
    expect(await run(args)).toMatchObject({ code, stderr: expect.stringMatching(stderr) });
  });

  test("prints a one-line error for a port that is in use", async () => {
    await withServer(serverCertificate, async (server) => {
      const { port } = new URL(server.tcp);
      const { code, stderr } = await run(["serve", "--tcp", port, ...serverCertificate]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*EADDRINUSE.*\n$/)]);
    });
  });

  test("prints a one-line error for a key of another certificate", async () => {
    const { code, stderr } = await run(["serve", "--cert", file("server.pem"), "--key", file("client.key")]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: --cert .* the private key does not belong to the certificate.*\n$/),
    ]);
  });

  test("--version exits with 0 and prints no error", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, stderr: "" });
  });

  test.each([
    ["serve", "stdout"],
    ["connect", "stderr"],
  ])("%s --help says that --json prints to %s", async (command, stream) => {
    const { stdout } = await run([command, "--help"]);
    expect(stdout.toString().replace(/\s+/g, " ")).toContain(`print events as JSON, one a line, to ${stream}`);
  });

  test.each(["serve", "connect", "certs"])("%s --help prints the usage", async (command) => {
    const { code, stdout } = await run([command, "--help"]);
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining(`Usage: handclasp ${command}`)]);
  });
});

describe("SIGHUP", () => {
  const copies = ["server.pem", "server.key", "ca.pem"].map((name) => [file(name), file(`served-${name}`)] as const);
  const flags = ["--cert", file("served-server.pem"), "--key", file("served-server.key")];

  test("makes serve read its certificates and its CA of clients again, all of them or none", async () => {
    for (const [from, to] of copies) writeFileSync(to, readFileSync(from));
    const other = temporaryFolder();
    onTestFinished(() => other.remove());
    await run(["certs", other.path]);
    await withServer([...flags, "--client-ca", file("served-ca.pem")], async (server) => {
      const visit = (trust: string, folderOfClient: string): Promise<{ readonly code: number | null }> => {
        const certificate = ["--cert", join(folderOfClient, "client.pem"), "--key", join(folderOfClient, "client.key")];
        return run(["connect", server.tcp, "--ca", trust, ...certificate], "hello");
      };
      const reload = async (output: RegExp): Promise<void> => {
        const before = server.stderr().length;
        server.process.kill("SIGHUP");
        await expect.poll(() => server.stderr().slice(before), { timeout: 60_000 }).toMatch(output);
      };
      expect(await visit(file("ca.pem"), folder.path)).toMatchObject({ code: 0 });
      // The certificate is new, and its key is not there yet.
      writeFileSync(file("served-server.pem"), readFileSync(join(other.path, "server.pem")));
      writeFileSync(file("served-ca.pem"), readFileSync(join(other.path, "ca.pem")));
      await reload(/^error: --cert .*served-server\.pem --key .*; nothing has changed$/m);
      expect(await visit(file("ca.pem"), folder.path)).toMatchObject({ code: 0 });
      writeFileSync(file("served-server.key"), readFileSync(join(other.path, "server.key")));
      await reload(/^reloaded .*served-server\.pem, .*served-server\.key, .*served-ca\.pem$/m);
      expect(await visit(join(other.path, "ca.pem"), other.path)).toMatchObject({ code: 0 });
      expect(await visit(join(other.path, "ca.pem"), folder.path)).toMatchObject({ code: 1 });
    });
  });
});
