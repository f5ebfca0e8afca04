import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testCa } from "@handclasp/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "../src/main.ts";

const folder = mkdtempSync(join(tmpdir(), "handclasp-usage-"));
const file = (name: string): string => join(folder, name);
const serverCertificate = ["--cert", file("server.pem"), "--key", file("server.key")];
beforeAll(async () => {
  const ca = await testCa();
  const [server, client] = [await ca.issue(), await ca.issue({ client: true })];
  writeFileSync(file("notes.txt"), "Some text.\n");
  writeFileSync(file("ca.pem"), ca.pem);
  writeFileSync(file("server.pem"), server.cert);
  writeFileSync(file("server.key"), server.key);
  writeFileSync(file("client.key"), client.key);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command line in this process. */
async function run(args: readonly string[]) {
  const output = { stdout: "", stderr: "" };
  const append = (name: "stdout" | "stderr", text: string): void => {
    output[name] += text;
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const spies = [
    ...(["stdout", "stderr"] as const).map((name) =>
      vi.spyOn(process[name], "write").mockImplementation((text) => {
        output[name] += String(text);
        return true;
      }),
    ),
    vi.spyOn(console, "log").mockImplementation((text: string) =>
      append(
        "stdout",
        `${text}
`,
      ),
    ),
    vi.spyOn(console, "error").mockImplementation((text: string) =>
      append(
        "stderr",
        `${text}
`,
      ),
    ),
  ];
  try {
    return { code: await main(args), ...output };
  } finally {
    for (const spy of spies) spy.mockRestore();
    // A server that does not start leaves its listeners to the end of the process.
    for (const [i, signal] of signals.entries())
      for (const listener of process.listeners(signal))
        if (!before[i]?.includes(listener)) process.removeListener(signal, listener);
  }
}

describe("handclasp", () => {
  test.each<[string, string[], number, RegExp]>([
    [
      "--secrets without --record",
      ["connect", "tcp://127.0.0.1:1", "--insecure", "--secrets"],
      2,
      /^error: --secrets needs --record\n$/,
    ],
    [
      "a recording in a missing folder",
      ["connect", "tcp://127.0.0.1:1", "--insecure", "--record", "/nowhere/r.json"],
      1,
      /^error: --record .*no such file or folder\n$/,
    ],
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
      ["connect", "ws://127.0.0.1:1/", "--ca", file("notes.txt")],
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
    expect(stdout.replace(/\s+/g, " ")).toContain(`print events as JSON, one a line, to ${stream}, also`);
  });

  test.each(["serve", "connect", "certs"])("%s --help prints the usage", async (command) => {
    const { code, stdout } = await run([command, "--help"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Usage: handclasp ${command}`)]);
  });

  test.each([
    ["serve", "stdout", ["serve", "--json", "--ws", "x"], "usage"],
    ["serve", "stdout", ["serve", "--json", "--suites", "x"], "usage"],
    ["serve", "stdout", ["serve", "--json", "--cert", "/nowhere.pem", "--key", "/nowhere.key"], "error"],
    ["connect", "stderr", ["connect", "tcp://127.0.0.1:1", "--json"], "usage"],
    ["connect", "stderr", ["connect", "tcp://127.0.0.1:1", "--json", "--pin", "x"], "configuration"],
    ["connect", "stderr", ["connect", "--json", "--nonsense"], "usage"],
  ] as const)("%s prints an error before the connection to %s as JSON: %j", async (_, stream, args, code) => {
    const output = await run(args);
    expect(JSON.parse(output[stream])).toEqual({
      event: "error",
      alert: null,
      by: "us",
      code,
      message: expect.stringMatching(/^(?!error:)./),
    });
    expect(output[stream === "stdout" ? "stderr" : "stdout"]).toBe("");
  });

  test("certs makes no key if the folder is impossible", async () => {
    const makeKey = vi.spyOn(crypto.subtle, "generateKey");
    expect(await run(["certs", file("ca.pem")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*ca\.pem: expected a folder, found a file\n$/),
    });
    expect(makeKey).not.toHaveBeenCalled();
    makeKey.mockRestore();
    expect(await run(["certs", file("made"), "--host", "a.example"])).toMatchObject({ code: 0 });
  });

  test("certs replaces no file, unless it is told to", async () => {
    const key = join(file("kept"), "server.key");
    mkdirSync(file("kept"));
    writeFileSync(key, "precious");
    const { code, stderr } = await run(["certs", file("kept")]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: .*server\.key exists: .*--force\n$/)]);
    expect([readFileSync(key, "utf8"), readdirSync(file("kept"))]).toEqual(["precious", ["server.key"]]);
    expect(await run(["certs", file("kept"), "--force"])).toMatchObject({ code: 0 });
    expect(readFileSync(key, "utf8")).toContain("PRIVATE KEY");
  });
});
