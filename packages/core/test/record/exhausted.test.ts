/** Sequence numbers do not wrap (RFC 5246 §6.1), and a key protects no more records than its limit. */
import {
  type CipherSuite,
  noble,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  TLS_RSA_WITH_AES_128_CBC_SHA,
} from "@handclasp/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runFlow } from "../../src/flow.ts";
import { makeProtection, type Protection, setSequenceNumber } from "../../src/record/protection.ts";
import { sealed } from "./support.ts";

const { limits } = vi.hoisted(() => ({ limits: { maxRecordsSent: 20 } }));
vi.mock("../../src/limits.ts", async (original) => ({
  ...(await original<object>()),
  get maxRecordsSent() {
    return limits.maxRecordsSent;
  },
  maxRecordsReceived: 40,
}));
afterEach(() => {
  limits.maxRecordsSent = 20;
});

const make = async (suite: CipherSuite): Promise<Protection> =>
  runFlow(
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
])("a key of $name at its limit of records", (suite) => {
  const exhausted = expect.objectContaining({ code: "key_exhausted", fault: "application" });

  test("seals no more data, and after the reserved alerts no more alerts", async () => {
    const out = await make(suite);
    expect(out.sequenceNumber).toBe(0);
    for (let i = 0; i < 12; i++) sealed(out, 23, new Uint8Array(1));
    expect(() => sealed(out, 23, new Uint8Array(1))).toThrow(exhausted);
    for (let i = 0; i < 8; i++) sealed(out, 21, Uint8Array.of(2, 80));
    expect(out.sequenceNumber).toBe(20);
    expect(() => sealed(out, 21, Uint8Array.of(2, 80))).toThrow(exhausted);
  });

  test("still opens records up to a larger limit, because the smaller one is for sealing (RFC 8446 §5.5)", async () => {
    const [out, into] = [await make(suite), await make(suite)];
    limits.maxRecordsSent = 48;
    const records = Array.from({ length: 40 }, () => sealed(out, 23, Uint8Array.of(7)));
    limits.maxRecordsSent = 20;
    for (const record of records) expect(await into.open(23, record)).toEqual(Uint8Array.of(7));
    expect(into.sequenceNumber).toBe(40);
    expect(() => into.open(23, new Uint8Array(80))).toThrow(exhausted);
  });
});

test.each([
  [0, [0, 0, 0, 0, 0, 0, 0, 0]],
  [0x01020304, [0, 0, 0, 0, 1, 2, 3, 4]],
  [2 ** 32 - 1, [0, 0, 0, 0, 255, 255, 255, 255]],
  [2 ** 32, [0, 0, 0, 1, 0, 0, 0, 0]],
  [0x01fffefdfcfb, [0, 0, 0x01, 0xff, 0xfe, 0xfd, 0xfc, 0xfb]],
  [2 ** 48 - 1, [0, 0, 255, 255, 255, 255, 255, 255]],
])("the sequence number %i is written over all eight bytes of another one", (number, bytes) => {
  const to = Uint8Array.of(0, 0, 9, 9, 9, 9, 9, 9);
  setSequenceNumber(to, number);
  expect([...to]).toEqual(bytes);
});
