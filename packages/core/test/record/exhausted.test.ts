/** Sequence numbers do not wrap (RFC 5246 §6.1), and a key does not protect more than it may. */
import {
  type CipherSuite,
  noble,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_RSA_WITH_AES_128_CBC_SHA,
} from "@handclasp/core";
import { describe, expect, test, vi } from "vitest";
import { run } from "../../src/flow.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";

vi.mock("../../src/limits.ts", async (original) => ({ ...(await original<object>()), maxRecords: 20 }));

const make = async (suite: CipherSuite): Promise<Protection> =>
  run(
    makeProtection(
      noble,
      suite,
      { key: new Uint8Array(suite.keyLength), macKey: new Uint8Array(20), iv: new Uint8Array(suite.fixedIvLength) },
      (length) => new Uint8Array(length),
    ),
  );

describe.each([
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_RSA_WITH_AES_128_CBC_SHA,
])("a key of $name that has protected all it may", (suite) => {
  const exhausted = expect.objectContaining({ code: "key_exhausted", fault: "application" });

  test("seals no more data, and then no more alerts either", async () => {
    const out = await make(suite);
    expect(out.sequenceNumber).toBe(0);
    for (let i = 0; i < 12; i++) out.seal(23, new Uint8Array(1));
    expect(() => out.seal(23, new Uint8Array(1))).toThrow(exhausted);
    for (let i = 0; i < 8; i++) out.seal(21, Uint8Array.of(2, 80));
    expect(out.sequenceNumber).toBe(20);
    expect(() => out.seal(21, Uint8Array.of(2, 80))).toThrow(exhausted);
  });

  test("opens no more", async () => {
    const [out, into] = [await make(suite), await make(suite)];
    for (let i = 0; i < 20; i++) into.open(21, out.seal(21, Uint8Array.of(1, 90)) as Uint8Array);
    expect(() => into.open(21, new Uint8Array(80))).toThrow(exhausted);
  });
});
