import * as core from "@handclasp/core";
import { describe, expect, test } from "vitest";
import type { CipherSuite } from "../../src/handshake/suites.ts";

const suites = Object.entries(core)
  .filter(([name]) => /^TLS_.*_WITH_/.test(name))
  .map(([name, suite]) => [name, suite as CipherSuite] as const);

describe("the cipher suites", () => {
  test("are named as they are exported, each with its own number", () => {
    expect(suites.length).toBeGreaterThan(30);
    for (const [name, suite] of suites) expect(suite.name).toBe(name);
    expect(new Set(suites.map(([, { id }]) => id)).size).toBe(suites.length);
  });

  test("encrypt and authenticate: none is NULL, anonymous, of export grade, or broken (RFC 5246 §A.5)", () => {
    for (const [name, { id, keyLength, authentication }] of suites) {
      expect(name).not.toMatch(/NULL|anon|EXPORT|RC4|DES|MD5|_DSS_|ECDH_|TLS_DH_/);
      expect(id).not.toBe(0);
      expect(keyLength).toBeGreaterThanOrEqual(16);
      expect(["ecdsa", "rsa", "psk"]).toContain(authentication);
    }
  });

  test("include those that RFC 5246 §9 and RFC 8422 §6 name; the default is only forward secret AEADs", () => {
    for (const id of [0x002f, 0xc02b, 0xc02f, 0xc009, 0xc013])
      expect(core.legacySuites.map((suite) => suite.id)).toContain(id);
    for (const { name, keyExchange, mac } of core.modernSuites)
      expect([name, keyExchange.name, mac]).toEqual([name, "ecdhe", undefined]);
  });

  test("with an AEAD have nonces of 12 bytes, and add no more than 1024 bytes (RFC 5246 §6.2.3.3)", () => {
    for (const [, { mac, fixedIvLength, tagLength = 16 }] of suites) {
      if (mac) continue;
      expect([4, 12]).toContain(fixedIvLength);
      expect(12 - fixedIvLength + tagLength).toBeLessThanOrEqual(24);
    }
  });
});
