/**
 * The findings of scanners on `handclasp serve --tcp`, with an ECDSA and an RSA certificate: once with the default
 * suites, and once with `--suites legacy`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CipherSuite, defaultGroups, dheSuites, legacySuites, modernSuites } from "@handclasp/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeMaterial } from "../../src/interop/files.ts";
import { find, type Running, run, start } from "../../src/interop/programs.ts";

interface Scan {
  readonly title: string;
  readonly flags: readonly string[];
  /** The suites that the server offers. */
  readonly suites: readonly CipherSuite[];
  /** The extensions that the server answers in at least one of testssl.sh's handshakes. */
  readonly extensions: readonly string[];
  /** The findings of testssl.sh whose severity is above INFO, as `id: severity`. */
  readonly weaknesses: readonly string[];
  /** The meaning of the findings, for docs/scan.md. */
  readonly meaning: string;
}

const extensions = [
  "server name",
  "max fragment length",
  "extended master secret",
  "session ticket",
  "renegotiation info",
  "EC point formats",
];

const scans: readonly Scan[] = [
  {
    title: "Default suites",
    flags: [],
    suites: modernSuites,
    extensions,
    weaknesses: [],
    meaning: `\
The server has the default options. All its suites have an ephemeral key exchange and an AEAD cipher. Therefore the \
findings ROBOT and LUCKY13 say nothing about Handclasp's code here: no suite with RSA key exchange or CBC is offered, \
and the scanners have nothing to attack. See the scan with legacy suites.`,
  },
  {
    title: "Legacy suites",
    flags: ["--suites", "legacy"],
    suites: [...legacySuites, ...dheSuites],
    extensions: [...extensions, "encrypt-then-mac"],
    weaknesses: ["LUCKY13: LOW", "cipherlist_AVERAGE: LOW"],
    meaning: `\
The server also offers the suites that Handclasp has for old peers, and does not offer by default: CBC ciphers, \
finite-field Diffie-Hellman and RSA key exchange (\`--suites legacy\`, \`legacySuites\` and \`dheSuites\`).

- ROBOT: testssl.sh sends malformed RSA-encrypted premaster secrets. "Not vulnerable" means that the server answers \
all of them alike. testssl.sh compares answers, and measures no time.
- LUCKY13: testssl.sh measures nothing. It reports every server that offers CBC suites as "potentially vulnerable". \
Handclasp uses encrypt_then_mac if the client offers it. Otherwise the number of hash compressions does not depend on \
the padding; [SECURITY.md](../SECURITY.md) says what JavaScript cannot promise about time.
- cipherlist_AVERAGE: testssl.sh reports every server that offers CBC ciphers.
- LOGJAM-common_primes: the groups are those of RFC 7919, which are common on purpose.
- sslscan says that the server accepts every signature algorithm, because suites with RSA key exchange need no \
signature. The scan with default suites lists the algorithms.`,
  },
];

const file = process.env.HANDCLASP_SCAN_TABLE; // `pnpm scan` sets it
const material = await makeMaterial();
const sections: string[] = [];
afterAll(() => {
  material.remove();
  if (!file) return;
  const head = `# Scanners against the server

\`pnpm scan\` writes this document; do not edit it. It runs sslscan and testssl.sh against \`handclasp serve --tcp\` \
with an ECDSA and an RSA certificate, twice: with the default suites, and with legacy suites. It fails if a scanner \
lists anything that the server is not meant to offer, or reports a weakness that is not named here. Findings about the \
throw-away certificate (trust, revocation, CAA) and about HTTP headers, and ratings, do not count.

Date: ${new Date().toISOString().slice(0, 10)}.
`;
  writeFileSync(file, `${[head.trim(), ...sections].join("\n")}\n`);
});

const sortedIds = (matches: Iterable<RegExpMatchArray>): number[] =>
  [...matches].map(([, id]) => Number(id)).sort((a, b) => a - b);
const idsOf = (rows: readonly { readonly id: number }[]): number[] => rows.map(({ id }) => id).sort((a, b) => a - b);

const listening = /^listening tcp:.*:(\d+)$/m;

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
  readonly cve?: string;
}

/** The findings that the tests ignore: the certificate, HTTP, the scanner's own machine, and ratings. */
const doesNotCount = new RegExp(
  "^(cert_|DNS_|HSTS|HPKP|security_headers|banner_|cookie_|engine_problem|scanTime|scanProblem|" +
    "rating_|grade_|overall_grade|final_score|protocol_support|key_exchange_score|cipher_strength)",
);
/** Further findings that docs/scan.md leaves out, such as simulated clients and HTTP. */
const isLeftOut = /^(clientsimulation|HTTP_|service|optimal_proto|DROWN_hint|cert <)/;

// testssl.sh takes minutes, so only `pnpm scan` runs these tests.
const testssl = file ? [find("testssl") ? "testssl.sh" : "testssl.sh is not installed; pnpm scan installs it"] : [];

describe.each(scans)("$title", (scan) => {
  let server: Running;
  let port = "";
  beforeAll(async () => {
    sections.push(`\n## ${scan.title}\n`, scan.meaning);
    server = start({
      program: "node",
      args: [
        fileURLToPath(new URL("../../../cli/dist/bin.js", import.meta.url)),
        "serve",
        "--tcp",
        "0",
        "--respond",
        "http",
        ...scan.flags,
        ...Object.values(material.files.server).flatMap(({ cert, key }) => ["--cert", cert, "--key", key]),
      ],
      minutes: 12,
    });
    await vi.waitFor(() => expect(server.stderr()).toMatch(listening), { timeout: 90_000 });
    port = listening.exec(server.stderr())?.[1] ?? "";
  }, 100_000);
  afterAll(() => server.stop());

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
        sections.push("\n### sslscan\n", "```", ...rows.map(([row]) => row), "```");
      });
      test("finds TLS 1.2 and no other version", () => {
        const enabled = [...xml.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
        expect(enabled.map(([, type, version]) => `${type} ${version}`)).toEqual(["tls 1.2"]);
      });
      test("finds the server's suites and no others, and which of them it prefers", () => {
        expect(sortedIds(xml.matchAll(/<cipher [^>]*id="(0x\w+)"/g))).toEqual(idsOf(scan.suites));
        expect(xml).toMatch(/<cipher status="preferred" [^>]*id="0xC02B"/);
      });
      test("finds the default groups and no others", () => {
        expect(sortedIds(xml.matchAll(/<group [^>]*id="(0x\w+)"/g))).toEqual(idsOf(defaultGroups));
      });
      // A suite with RSA key exchange needs no signature, so sslscan reports that the server accepts every algorithm.
      if (scan.suites.every(({ keyExchange }) => keyExchange.name !== "rsa"))
        test("finds signatures with SHA-2 only", () => {
          const rows = [...xml.matchAll(/<connection-signature-algorithm [^>]*name="(\w+)"/g)];
          const schemes = rows.map(([, name]) => name);
          expect(schemes.length).toBeGreaterThan(0);
          expect(schemes.filter((name) => !/sha(256|384|512)$|^ed25519$/.test(name ?? ""))).toEqual([]);
        });
      test("finds no renegotiation, no compression and no Heartbleed", () => {
        expect(xml).toContain('<renegotiation supported="0"');
        expect(xml).not.toMatch(/<compression supported="1"/);
        expect(xml).not.toMatch(/vulnerable="1"/);
      });
    },
  );

  describe.skipIf(!find("testssl")).each(testssl)("%s", () => {
    let findings: readonly Finding[] = [];
    const finding = (id: string): string | undefined => findings.find((one) => one.id === id)?.finding;
    beforeAll(async () => {
      const out = `${material.files.folder}/testssl-${scans.indexOf(scan)}.json`;
      const options = ["--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1", "--jsonfile", out];
      await run({ program: "testssl", args: [...options, `localhost:${port}`], minutes: 10 }, "", "");
      findings = JSON.parse(readFileSync(out, "utf8")) as Finding[];
      const rows = findings
        .filter(({ id }) => !doesNotCount.test(id) && !isLeftOut.test(id))
        .map(({ id, severity, finding: text }) => `| ${id} | ${severity} | ${text.replaceAll(/\s+/g, " ")} |`);
      sections.push("\n### testssl.sh\n", "| finding | severity | |", "|---|---|---|", ...rows);
    }, 620_000);
    test("reports only the expected weaknesses", () => {
      expect(findings.length).toBeGreaterThan(100);
      const bad = findings.filter(({ id, severity }) => !/^(OK|INFO)$/.test(severity) && !doesNotCount.test(id));
      expect(bad.map(({ id, severity }) => `${id}: ${severity}`).sort()).toEqual(scan.weaknesses);
    });
    test("searches for vulnerabilities, ROBOT included, and finds only the expected ones", () => {
      const vulnerabilities = findings.filter(({ cve, id }) => cve && id !== "DROWN_hint");
      expect(vulnerabilities.length).toBeGreaterThan(12);
      const found = vulnerabilities.filter(({ severity }) => !/^(OK|INFO)$/.test(severity));
      expect(found.filter(({ id, severity }) => !scan.weaknesses.includes(`${id}: ${severity}`))).toEqual([]);
      const hasRsa = scan.suites.some(({ keyExchange }) => keyExchange.name === "rsa");
      expect(finding("ROBOT")).toBe(hasRsa ? "not vulnerable" : "not vulnerable, no RSA key transport cipher");
    });
    test("finds that only TLS 1.2 and the server's suites are offered, and that the server's order counts", () => {
      for (const version of ["SSLv2", "SSLv3", "TLS1", "TLS1_1"]) expect(finding(version)).toBe("not offered");
      expect(finding("TLS1_2")).toBe("offered");
      const suites = findings.filter(({ id }) => id.startsWith("cipher_x")).map(({ id }) => Number(`0${id.slice(7)}`));
      expect(suites.sort((a, b) => a - b)).toEqual(idsOf(scan.suites));
      expect(finding("cipher_order")).toBe("server");
    });
    test("finds the extensions that the server answers, and no others", () => {
      const answered = [...(finding("TLS_extensions") ?? "").matchAll(/'([^'/]+)\/#\d+'/g)].map(([, name]) => name);
      expect(new Set(answered)).toEqual(new Set(scan.extensions));
      expect(finding("secure_renego")).toBe("supported");
      expect(finding("secure_client_renego")).toBe("not vulnerable");
    });
    test("finds resumption by session ID and by ticket, tickets valid for two hours, and no Ticketbleed", () => {
      expect(finding("TLS_session_ticket")).toBe("valid for 7200 seconds only (<daily)");
      expect(finding("SSL_sessionID_support")).toBe("yes");
      expect(finding("sessionresumption_ticket")).toBe("supported");
      expect(finding("sessionresumption_ID")).toBe("supported");
      expect(finding("ticketbleed")).toBe("not vulnerable");
    });
  });
});
