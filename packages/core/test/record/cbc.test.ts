import {
  type CryptoProvider,
  type Hash,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
  type TlsError,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { runFlow } from "../../src/flow.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";
import { sealed } from "./support.ts";

/**
 * A hash that counts the calls of its compression function, including those for HMAC. `takeCount` returns the count and
 * resets it.
 */
function countingHash(inner: Hash): { hash: Hash; takeCount: () => number } {
  let count = 0;
  const spend = (length: number): void => {
    count += Math.ceil((length + 1 + inner.blockLength / 8) / inner.blockLength);
  };
  const hash: Hash = {
    ...inner,
    digest(data) {
      spend(data.length);
      return inner.digest(data);
    },
    hmac(key) {
      const keyed = inner.hmac(key);
      return {
        mac(...parts) {
          spend(inner.blockLength + parts.reduce((sum, part) => sum + part.length, 0));
          spend(inner.blockLength + inner.outputLength);
          return keyed.mac(...parts);
        },
      };
    },
  };
  const takeCount = (): number => {
    const taken = count;
    count = 0;
    return taken;
  };
  return { hash, takeCount };
}

describe.each([
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
])("$name", (suite) => {
  const macName = suite.mac as "sha1" | "sha256" | "sha384";
  const { hash, takeCount } = countingHash(noble.hashes[macName]);
  const provider: CryptoProvider = { ...noble, hashes: { ...noble.hashes, [macName]: hash } };
  const macLength = hash.outputLength;
  const key = new Uint8Array(suite.keyLength).fill(1);
  const macKey = new Uint8Array(macLength).fill(2);
  const iv = new Uint8Array(16).fill(3);
  const cipher = suite.cipher as "AES_128_CBC" | "AES_256_CBC";
  const type = 23;

  const open = (plain: Uint8Array): { content?: Uint8Array; error?: TlsError; compressions: number } => {
    const opener = runFlow(
      makeProtection(provider, suite, { key, macKey, iv: new Uint8Array(0) }, (length) => new Uint8Array(length)),
    ) as Protection;
    const chain = noble.ciphers[cipher]?.(key) as Exclude<
      ReturnType<NonNullable<(typeof noble.ciphers)[typeof cipher]>>,
      PromiseLike<unknown>
    >;
    const ciphertext = concat(iv, chain.encrypt(iv, plain));
    takeCount();
    try {
      const content = opener.open(type, ciphertext) as Uint8Array;
      return { content, compressions: takeCount() };
    } catch (error) {
      return { error: error as TlsError, compressions: takeCount() };
    }
  };
  const mac = (content: Uint8Array): Uint8Array =>
    noble.hashes[macName]
      .hmac(macKey)
      .mac(concat(new Uint8Array(8), Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 255), content));
  /**
   * The plaintext of a record, `length` bytes with its MAC and with `padding` bytes of padding before the length byte.
   */
  const plaintextOf = (length: number, padding: number): Uint8Array => {
    const content = new Uint8Array(length - macLength - 1 - padding).map((_, i) => i * 7);
    return concat(content, mac(content), new Uint8Array(padding + 1).fill(padding));
  };
  const badRecordMac = {
    alert: "bad_record_mac",
    code: "bad_record_mac",
    message: "a record was altered in transit, or its keys are not ours",
  };

  // The shortest length, some lengths of about one or two hash blocks, and lengths in which every padding fits.
  const shortest = Math.ceil((macLength + 1) / 16) * 16;
  for (const length of [shortest, shortest + 16, 96, 128, 144, 320, 336].filter((each) => each >= shortest)) {
    test(`${length} bytes: opens every padding; faults give one error after the same number of compressions`, () => {
      const spent = new Set<number>();
      for (let padding = 0; padding < 256; padding++) {
        if (padding <= length - macLength - 1) {
          const good = plaintextOf(length, padding);
          const { content, error, compressions } = open(good);
          expect(error).toBeUndefined();
          expect(content).toEqual(good.subarray(0, length - macLength - 1 - padding));
          spent.add(compressions);
          // A wrong MAC, in its first, a middle and its last byte.
          const macStart = length - padding - 1 - macLength;
          for (const at of [macStart, macStart + (macLength >> 1), macStart + macLength - 1]) {
            const bad = good.slice();
            bad[at] = (bad[at] as number) ^ 1;
            const fault = open(bad);
            expect(fault.error).toMatchObject(badRecordMac);
            spent.add(fault.compressions);
          }
          // A wrong first or last byte of padding, with a correct MAC.
          for (const at of padding ? [length - 1 - padding, length - 2] : []) {
            const bad = good.slice();
            bad[at] = (bad[at] as number) ^ 0x80;
            const fault = open(bad);
            expect(fault.error).toMatchObject(badRecordMac);
            spent.add(fault.compressions);
          }
        } else {
          // More padding than fits.
          const bad = plaintextOf(length, 0);
          bad.fill(padding, Math.max(0, length - 1 - padding));
          const fault = open(bad);
          expect(fault.error).toMatchObject(badRecordMac);
          spent.add(fault.compressions);
        }
      }
      expect([...spent]).toHaveLength(1);
    });
  }

  test("refuses wrong padding and a wrong MAC after as many hash compressions as an intact record takes", () => {
    const spent = new Set<number>();
    for (let claimed = 1; claimed < 256; claimed++) {
      const bad = plaintextOf(336, 0);
      bad[335] = claimed;
      const fault = open(bad);
      expect(fault.error).toMatchObject(badRecordMac);
      spent.add(fault.compressions);
    }
    expect([...spent]).toEqual([open(plaintextOf(336, 0)).compressions]);
  });

  test("gives the same error for ciphertext that does not consist of whole blocks, or is too short for a MAC", () => {
    const opener = runFlow(
      makeProtection(provider, suite, { key, macKey, iv: new Uint8Array(0) }, (length) => new Uint8Array(length)),
    ) as Protection;
    for (const length of [0, 1, 15, 16, 17, 16 + shortest - 16, 16 + shortest + 1])
      expect(() => opener.open(type, new Uint8Array(length))).toThrow(badRecordMac.message);
  });

  test("opens the records that it seals, each with a fresh IV", () => {
    const make = () =>
      runFlow(
        makeProtection(provider, suite, { key, macKey, iv: new Uint8Array(0) }, (length) =>
          crypto.getRandomValues(new Uint8Array(length)),
        ),
      ) as Protection;
    const [out, into] = [make(), make()];
    const seen = new Set<string>();
    for (let length = 0; length < 70; length++) {
      const body = sealed(out, type, new Uint8Array(length).fill(9));
      seen.add(String(body.subarray(0, 16)));
      expect(into.open(type, body)).toEqual(new Uint8Array(length).fill(9));
    }
    expect(seen.size).toBe(70);
  });
});
