import { testCa } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { runFlow } from "../../src/flow.ts";
import { type CertificateCache, certificateCache } from "../../src/x509/cache.ts";
import type { Certificate } from "../../src/x509/certificate.ts";
import { trustPolicy } from "../../src/x509/trust.ts";
import { verifyPeer } from "../../src/x509/verify.ts";

const ca = await testCa();
const other = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
const der = issued.chain[0] as Uint8Array;

describe("a cache of certificates", () => {
  /** Parses a certificate and keeps it, as a verified path does. */
  const parseAndKeep = (cache: CertificateCache, bytes: Uint8Array): Certificate => {
    const certificate = cache.parse(bytes);
    cache.remember(certificate, cache.parse(ca.der));
    return certificate;
  };

  test("returns the same object for the same bytes in any buffer, and another for bytes that differ", () => {
    const cache = certificateCache();
    const first = parseAndKeep(cache, der);
    expect(cache.parse(der.slice())).toBe(first);
    const buffer = new Uint8Array(10_000);
    buffer.set(der, 5000);
    expect(cache.parse(buffer.subarray(5000, 5000 + der.length))).toBe(first);
    const altered = der.slice();
    altered[20] = (altered[20] as number) ^ 1;
    // Both certificates have the same last bytes, and so the same hash. The cache compares all bytes.
    expect(parseAndKeep(cache, altered).serialNumber).not.toBe(first.serialNumber);
    expect(cache.parse(der).serialNumber).toBe(first.serialNumber);
  });
  test("keeps no certificate without a verified path, so that an unauthenticated peer cannot fill it", () => {
    const cache = certificateCache();
    expect(cache.parse(der)).not.toBe(cache.parse(der));
  });
  test("copies the bytes, which the caller may then change", () => {
    const cache = certificateCache();
    const bytes = der.slice();
    const { serialNumber } = parseAndKeep(cache, bytes);
    bytes.fill(0);
    expect(cache.parse(der).serialNumber).toBe(serialNumber);
    expect(cache.parse(der).raw).toEqual(der);
  });
  test("keeps as many certificates as its size, and drops the least recently used one", async () => {
    const cache = certificateCache(3);
    const issue = async (): Promise<Uint8Array> => (await ca.issue()).chain[0] as Uint8Array;
    const [a, b, c] = [await issue(), await issue(), await issue()];
    const [first, second] = [parseAndKeep(cache, a), parseAndKeep(cache, b)];
    expect(cache.parse(a)).toBe(first);
    parseAndKeep(cache, c);
    expect(cache.parse(a)).toBe(first);
    expect(cache.parse(b)).not.toBe(second);
  });
  test("throws an error with the position of a malformed certificate each time", () => {
    const cache = certificateCache();
    for (const _ of [1, 2]) expect(() => cache.parse(der.subarray(0, 40), 3)).toThrow(/certificate 3/);
  });
});

describe("a path", () => {
  const countingProvider = (): { provider: CryptoProvider; count: () => number } => {
    let count = 0;
    const verify: CryptoProvider["verify"] = (...parameters) => {
      count++;
      return noble.verify(...parameters);
    };
    return { provider: { ...noble, verify }, count: () => count };
  };
  const request = { chain: [der], purpose: "server" as const, reference: "localhost", now: Date.now() };

  test("needs no second check of its signature; the other rules are checked each time", async () => {
    const cache = certificateCache();
    const { provider, count } = countingProvider();
    const policy = trustPolicy({ ca: ca.pem }, cache);
    for (const _ of [1, 2, 3]) {
      const peer = await runFlow(
        verifyPeer({ ...request, policy: trustPolicy({ ca: ca.pem }, cache), provider, cache }),
      );
      expect(peer.verifiedBy).toBe("ca");
    }
    expect(count()).toBe(1);
    const verifyWith = async (changes: object): Promise<unknown> =>
      runFlow(verifyPeer({ ...request, policy, provider, cache, ...changes }));
    await expect(verifyWith({ now: Date.now() + 400 * 86_400_000 })).rejects.toMatchObject({ code: "expired" });
    await expect(verifyWith({ reference: "elsewhere" })).rejects.toMatchObject({ code: "name_mismatch" });
    await expect(verifyWith({ purpose: "client" })).rejects.toMatchObject({ code: "extended_key_usage" });
    await expect(verifyWith({ policy: trustPolicy({ ca: other.pem }, cache) })).rejects.toMatchObject({
      code: "unknown_issuer",
    });
    expect(count()).toBe(1);
  });
  test("is not kept if it was refused", async () => {
    const cache = certificateCache();
    const { provider, count } = countingProvider();
    const altered = der.slice();
    altered[altered.length - 1] = (altered.at(-1) as number) ^ 1;
    for (const _ of [1, 2])
      await expect(
        (async () =>
          runFlow(
            verifyPeer({ ...request, chain: [altered], policy: trustPolicy({ ca: ca.pem }, cache), provider, cache }),
          ))(),
      ).rejects.toMatchObject({ code: "bad_signature" });
    expect(count()).toBe(2);
    expect(cache.parse(altered)).not.toBe(cache.parse(altered));
  });
});
