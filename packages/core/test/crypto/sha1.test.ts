import { describe, expect, test } from "vitest";
import { ascii, toHex } from "../../src/bytes/bytes.ts";
import { noble as lazyNoble } from "../../src/crypto/lazyNoble.ts";
import { noble } from "../../src/crypto/noble.ts";
import { getHash } from "../../src/crypto/sha1.ts";
import { type Flow, runFlow } from "../../src/flow.ts";
import { TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA } from "../../src/handshake/suites.ts";
import * as rows from "../../src/record/cipherSpec.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";

describe("SHA-1", () => {
  test("is the implementation of noble if the provider has none", () => {
    expect(lazyNoble.hashes.sha1).toBeUndefined();
    // The example of FIPS 180-4.
    expect(toHex(getHash(lazyNoble, "sha1").digest(ascii("abc")))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
  });

  test("is the implementation of the provider if it has one, like every other hash", () => {
    const sha1 = { ...noble.hashes.sha256 };
    const provider = { ...lazyNoble, hashes: { ...lazyNoble.hashes, sha1 } };
    expect(getHash(provider, "sha1")).toBe(sha1);
    for (const name of ["sha256", "sha384", "sha512"] as const)
      expect(getHash(provider, name)).toBe(lazyNoble.hashes[name]);
  });

  test("is loaded with a CBC suite: a provider without SHA-1 opens a record of a provider with it", async () => {
    const spec = TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
    const keys = { key: new Uint8Array(16).fill(1), macKey: new Uint8Array(20).fill(2), iv: new Uint8Array(0) };
    const protect = (provider: typeof lazyNoble): Flow<Protection> =>
      makeProtection(provider, spec, keys, (length) => new Uint8Array(length).fill(3));
    const [sealer, opener] = [await runFlow(protect(noble)), await runFlow(protect(lazyNoble))];
    const content = ascii("hello");
    const record = new Uint8Array(sealer.sealedLength(content.length));
    await sealer.seal(23, content, record);
    expect(await opener.open(23, record)).toEqual(content);
  });
});

test("the MAC key of a CBC suite is as long as the output of its hash", () => {
  const cbc = Object.values(rows).filter(({ mac }) => mac !== undefined);
  expect(cbc).toHaveLength(5);
  for (const { mac = "sha1", macLength } of cbc) expect(macLength).toBe(noble.hashes[mac].outputLength);
});
