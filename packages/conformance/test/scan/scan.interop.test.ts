/**
 * What scanners make of `handclasp serve --tcp` with a certificate of either kind and nothing said about suites.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultGroups, modernSuites } from "@handclasp/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, type Running, run, start } from "../../src/interop/programs.ts";

const file = process.env.HANDCLASP_SCAN_TABLE; // `pnpm scan` sets it
const material = await makeMaterial();
const { ecdsa, rsa } = material.files.server;
const lines: string[] = [];

const listening = /^listening tcp:.*:(\d+)$/m;
let server: Running;
let port = "";
beforeAll(async () => {
  server = start({
    program: "node",
    args: [
      fileURLToPath(new URL("../../../cli/dist/bin.js", import.meta.url)),
      "serve",
      "--tcp",
      "0",
      "--cert",
      ecdsa.cert,
      "--key",
      ecdsa.key,
      "--cert",
      rsa.cert,
      "--key",
      rsa.key,
      "--respond",
      "http",
    ],
    minutes: 10,
  });
  await vi.waitFor(() => expect(server.stderr()).toMatch(listening), { timeout: 90_000 });
  port = listening.exec(server.stderr())?.[1] ?? "";
});
afterAll(async () => {
  await server.stop();
  material.remove();
  if (!file) return;
  const head = `# What scanners see

Made by \`pnpm scan\`; do not edit. It holds sslscan and testssl.sh against \`handclasp serve --tcp\` with default settings,
an ECDSA and an RSA certificate, and fails where they list anything but what we mean to offer, or report a vulnerability.
What they say of the throw-away certificate (trust, revocation, CAA), of HTTP headers and of a rating does not count.

Of ${new Date().toISOString().slice(0, 10)}.
`;
  writeFileSync(file, `${[head.trim(), ...lines].join("\n")}\n`);
});

const ids = (found: Iterable<RegExpMatchArray>): number[] =>
  [...found].map(([, id]) => Number(id)).sort((a, b) => a - b);
const ours = (rows: readonly { readonly id: number }[]): number[] => rows.map(({ id }) => id).sort((a, b) => a - b);

describe.skipIf(!find("sslscan"))(
  find("sslscan") ? "sslscan" : "sslscan is not installed; pnpm scan installs it",
  () => {
    let xml = "";
    beforeAll(async () => {
      const out = `${material.files.folder}/sslscan.xml`;
      await run({
        program: "sslscan",
        args: [`--xml=${out}`, "--show-sigs", "--no-colour", `localhost:${port}`],
        minutes: 2,
      });
      xml = readFileSync(out, "utf8");
      const rows = [
        ...xml.matchAll(/<(?:protocol|renegotiation|heartbleed|cipher|group|connection-signature-algorithm) .*\/>/g),
      ];
      lines.push("\n## sslscan\n", "```", ...rows.map(([row]) => row), "```");
    });
    test("TLS 1.2 and nothing else", () => {
      const enabled = [...xml.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
      expect(enabled.map(([, type, version]) => `${type} ${version}`)).toEqual(["tls 1.2"]);
    });
    test("the modern suites and no others, in our order of preference", () => {
      expect(ids(xml.matchAll(/<cipher [^>]*id="(0x\w+)"/g))).toEqual(ours(modernSuites));
      expect(xml).toMatch(/<cipher status="preferred" [^>]*id="0xC02B"/);
    });
    test("our groups and no others", () => {
      expect(ids(xml.matchAll(/<group [^>]*id="(0x\w+)"/g))).toEqual(ours(defaultGroups));
    });
    test("signatures with SHA-2 only", () => {
      const schemes = [...xml.matchAll(/<connection-signature-algorithm [^>]*name="(\w+)"/g)].map(([, name]) => name);
      expect(schemes.length).toBeGreaterThan(0);
      expect(schemes.filter((name) => !/sha(256|384|512)$|^ed25519$/.test(name ?? ""))).toEqual([]);
    });
    test("no renegotiation, no compression, no Heartbleed", () => {
      expect(xml).toContain('<renegotiation supported="0"');
      expect(xml).not.toMatch(/<compression supported="1"/);
      expect(xml).not.toMatch(/vulnerable="1"/);
    });
  },
);

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
  readonly cve?: string;
}

/** Of the certificate's issuer, of HTTP, of the scanner's own machine, and ratings. */
const doesNotCount =
  /^(cert_|DNS_|HSTS|HPKP|security_headers|banner_|cookie_|engine_problem|scanTime|scanProblem|rating_|grade_|overall_grade|final_score|protocol_support|key_exchange_score|cipher_strength)/;

// It takes minutes, so only `pnpm scan` has these tests.
const scanned = file ? [find("testssl") ? "testssl.sh" : "testssl.sh is not installed; pnpm scan installs it"] : [];

describe.skipIf(!find("testssl")).each(scanned)("%s", () => {
  let findings: readonly Finding[] = [];
  const finding = (id: string): string | undefined => findings.find((one) => one.id === id)?.finding;
  beforeAll(async () => {
    const out = `${material.files.folder}/testssl.json`;
    const how = ["--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--jsonfile", out];
    await run({ program: "testssl", args: [...how, `localhost:${port}`], minutes: 10 }, "", "");
    findings = JSON.parse(readFileSync(out, "utf8")) as Finding[];
    const counted = findings.filter(
      ({ id }) => !doesNotCount.test(id) && !/^(clientsimulation|HTTP_|service|optimal_proto|DROWN_hint)/.test(id),
    );
    const rows = counted.map(
      ({ id, severity, finding: text }) => `| ${id} | ${severity} | ${text.replaceAll(/\s+/g, " ")} |`,
    );
    lines.push("\n## testssl.sh\n", "| finding | severity | |", "|---|---|---|", ...rows);
  }, 620_000);
  test("nothing worse than information", () => {
    expect(findings.length).toBeGreaterThan(100);
    const bad = findings.filter(({ id, severity }) => !/^(OK|INFO)$/.test(severity) && !doesNotCount.test(id));
    expect(bad).toEqual([]);
  });
  test("every vulnerability that it looks for, and none is there", () => {
    const vulnerabilities = findings.filter(({ cve, id }) => cve && id !== "DROWN_hint");
    expect(vulnerabilities.length).toBeGreaterThan(12);
    expect(vulnerabilities.filter(({ severity }) => severity !== "OK")).toEqual([]);
  });
  test("TLS 1.2 and the modern suites, in our order, and nothing else", () => {
    for (const version of ["SSLv2", "SSLv3", "TLS1", "TLS1_1"]) expect(finding(version)).toBe("not offered");
    expect(finding("TLS1_2")).toBe("offered");
    const suites = findings.filter(({ id }) => id.startsWith("cipher_x")).map(({ id }) => Number(`0${id.slice(7)}`));
    expect(suites.sort((a, b) => a - b)).toEqual(ours(modernSuites));
    expect(finding("cipher_order")).toBe("server");
  });
  test("the extensions that we answer, and no others", () => {
    const answered = [...(finding("TLS_extensions") ?? "").matchAll(/'([^'/]+)\/#\d+'/g)].map(([, name]) => name);
    const meant = [
      "server name",
      "max fragment length",
      "extended master secret",
      "session ticket",
      "renegotiation info",
    ];
    expect(new Set(answered)).toEqual(new Set(meant));
    expect(finding("secure_renego")).toBe("supported");
    expect(finding("secure_client_renego")).toBe("not vulnerable");
  });
  test("resumption by ticket, for two hours, and by session ID; a ticket gives no memory away", () => {
    expect(finding("TLS_session_ticket")).toBe("valid for 7200 seconds only (<daily)");
    expect(finding("SSL_sessionID_support")).toBe("yes");
    expect(finding("sessionresumption_ticket")).toBe("supported");
    expect(finding("sessionresumption_ID")).toBe("supported");
    expect(finding("ticketbleed")).toBe("not vulnerable");
  });
});
