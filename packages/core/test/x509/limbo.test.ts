import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fromBase64 } from "../../src/bytes/bytes.ts";
import { noble } from "../../src/crypto/noble.ts";
import { TlsError } from "../../src/errors.ts";
import { run } from "../../src/flow.ts";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.ts";
import { type VerifyRequest, verifyPeer } from "../../src/x509/verify.ts";

/** X509.md, "The corpus beside this page". */
interface Case {
  id: string;
  tier: "must" | "strict" | "skip";
  kind: "SERVER" | "CLIENT";
  expect: "SUCCESS" | "FAILURE";
  roots: number[];
  ints: number[];
  leaf: number;
  time?: string;
  name?: { kind: "DNS" | "IP" | "RFC822"; value: string };
  eku?: string[];
  maxDepth?: number;
  alsoWithoutName?: boolean;
}

const file =
  process.env.HANDCLASP_LIMBO ?? fileURLToPath(new URL("../../../../../shared/x509/limbo-dev.json", import.meta.url));
const usages: Record<string, string> = { serverAuth: "1.3.6.1.5.5.7.3.1", clientAuth: "1.3.6.1.5.5.7.3.2" };

function load(): { certs: string[]; testcases: Case[] } {
  return JSON.parse(readFileSync(file, "utf8")) as { certs: string[]; testcases: Case[] };
}

function anchors(ders: Uint8Array[]): Certificate[] {
  return ders.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch {
      return [];
    }
  });
}

describe.skipIf(!existsSync(file))(`the corpus ${file} (skipped where it is absent)`, () => {
  const { certs, testcases } = existsSync(file) ? load() : { certs: [], testcases: [] };
  const der = (index: number) => fromBase64(certs[index]!);

  const verdict = async (test: Case, withName: boolean): Promise<string> => {
    const eku = typeof test.eku === "string" ? [test.eku] : test.eku;
    const request: VerifyRequest = {
      chain: [der(test.leaf)],
      intermediates: test.ints.map(der),
      policy: { anchors: anchors(test.roots.map(der)), pins: [] },
      purpose: test.kind === "SERVER" ? "server" : "client",
      now: test.time ? Date.parse(test.time) : Date.now(),
      provider: noble,
      ...(withName && test.name && test.name.kind !== "RFC822" && { reference: test.name.value }),
      ...(test.maxDepth !== undefined && { maxDepth: test.maxDepth }),
      ...(eku?.[0] && { extendedKeyUsage: usages[eku[0]] ?? eku[0] }),
    };
    try {
      await run(verifyPeer(request));
      return "SUCCESS";
    } catch (error) {
      if (!TlsError.is(error)) throw error;
      return `FAILURE ${error.code}: ${error.message}`;
    }
  };

  for (const test of testcases.filter(({ tier }) => tier === "must")) {
    it(`${test.id}: ${test.expect}`, { timeout: 2000 }, async () => {
      expect((await verdict(test, true)).replace(/ .*/s, "")).toBe(test.expect);
      if (test.alsoWithoutName) expect((await verdict(test, false)).replace(/ .*/s, "")).toBe(test.expect);
    });
  }
});
