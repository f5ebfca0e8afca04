import { randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { recordingFromJson } from "@handclasp/inspector/headless";
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
    expect(stderr).toMatch(new RegExp(`^ +6 +random ${keys?.[1]} \\[RFC 5246 §7\\.4\\.1\\.2\\] 32 random bytes`, "m"));
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
    expect(stderr).toMatch(/^ +\d+ +named_curve secp256r1 \(0x0017\) 0017 \[RFC 8422 §5\.4\]/m);
    expect(stderr).toMatch(/^ +\d+ +subject CN=localhost [0-9a-f]+ \[RFC 5280 §4\.1\.2\.6\] \w/m);
    expect(stderr).toMatch(/^ +notAfter \d{4}-\d\d-\d\dT[\d:]+Z$/m);
    expect(stderr).toMatch(/^ +subjectAltNames \[DNS localhost/m);
    expect(stderr).toMatch(/^-> alert warning close_notify$/m);
  });

  test("Ctrl-C sends close_notify, and connect exits with 130", async () => {
    const before = server.events().length;
    const client = start(["connect", server.ws, ...ca, "--json"]);
    client.process.stdin.write("hello");
    await client.waitFor("stdout", /hello/);
    client.process.kill("SIGINT");
    const { code, stderr } = await client.ended;
    expect([code, jsonLines(stderr).at(-1)]).toEqual([130, { event: "closed", clean: true, bytesIn: 5, bytesOut: 5 }]);
    await expect.poll(() => server.events().slice(before + 1)).toMatchObject([{ event: "closed", clean: true }]);
  });

  test("--record writes a recording that the inspector loads, with secrets only if asked", async () => {
    const secretsIn = async (...flags: string[]): Promise<boolean> => {
      const target = file("recording.json");
      expect(await run(["connect", server.tcp, ...ca, "--record", target, ...flags], "hello")).toMatchObject({
        code: 0,
      });
      const { role, events } = recordingFromJson(readFileSync(target, "utf8"));
      const types = events.map(({ type }) => type);
      expect([role, types.includes("established"), types.at(-1)]).toEqual(["client", true, "closed"]);
      return types.includes("secret");
    };
    expect([await secretsIn(), await secretsIn("--secrets")]).toEqual([false, true]);
    expect(statSync(file("recording.json")).mode & 0o777).toBe(0o600);
    // An existing file that others can read, and a link to a key, are replaced, and the key is not touched.
    const [key, link] = [file("precious.key"), file("link.json")];
    writeFileSync(key, "precious", { mode: 0o644 });
    symlinkSync(key, link);
    expect(await run(["connect", server.tcp, ...ca, "--record", link], "hello")).toMatchObject({ code: 0 });
    expect([readFileSync(key, "utf8"), lstatSync(link).isFile(), statSync(link).mode & 0o777]).toEqual([
      "precious",
      true,
      0o600,
    ]);
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
    const pin = String(server.said().find(({ event }) => event === "certificate")?.pin);
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
  test("prints a one-line error for a port that is in use", async () => {
    await withServer(serverCertificate, async (server) => {
      const { port } = new URL(server.tcp);
      const { code, stderr } = await run(["serve", "--tcp", port, ...serverCertificate]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*EADDRINUSE.*\n$/)]);
    });
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
        const before = server.said().length;
        server.process.kill("SIGHUP");
        await expect.poll(() => JSON.stringify(server.said().slice(before)), { timeout: 60_000 }).toMatch(output);
      };
      expect(await visit(file("ca.pem"), folder.path)).toMatchObject({ code: 0 });
      // The certificate is new, and its key is not there yet.
      writeFileSync(file("served-server.pem"), readFileSync(join(other.path, "server.pem")));
      writeFileSync(file("served-ca.pem"), readFileSync(join(other.path, "ca.pem")));
      await reload(/"error".*--cert .*served-server\.pem --key .*; nothing has changed"/);
      expect(await visit(file("ca.pem"), folder.path)).toMatchObject({ code: 0 });
      writeFileSync(file("served-server.key"), readFileSync(join(other.path, "server.key")));
      await reload(/"reloaded","files":\[".*served-server\.pem",".*served-server\.key",".*served-ca\.pem"\]/);
      expect(await visit(join(other.path, "ca.pem"), other.path)).toMatchObject({ code: 0 });
      expect(await visit(join(other.path, "ca.pem"), folder.path)).toMatchObject({ code: 1 });
    });
  });
});
