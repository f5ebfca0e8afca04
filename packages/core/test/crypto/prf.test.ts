/**
 * Checks the PRF and the key schedule with published vectors: those from the mailing list of the TLS working group, and
 * those of ACVP.
 * @module
 */
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/bytes/bytes.ts";
import { extendedMasterSecret, keyBlock, masterSecret, verifyData } from "../../src/crypto/keySchedule.ts";
import { noble } from "../../src/crypto/noble.ts";
import { prf } from "../../src/crypto/prf.ts";
import type { Hash } from "../../src/crypto/provider.ts";
import {
  type CipherSuite,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
} from "../../src/handshake/suites.ts";
import { vectorFile } from "./support.ts";

const { sha256, sha384, sha512 } = noble.hashes;

describe("prf", () => {
  // https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/
  test.each([
    {
      name: "sha256" as const,
      secret: "9bbe436ba940f017b17652849a71db35",
      seed: "a0ba9f936cda311827a6f796ffd5198c",
      output: `e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17
        abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66`,
    },
    {
      name: "sha384" as const,
      secret: "b80b733d6ceefcdc71566ea48e5567df",
      seed: "cd665cf6a8447dd6ff8b27555edb7465",
      output: `7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700
        884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a2
        6066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f`,
    },
  ])("computes the published output with $name", ({ name, secret, seed, output }) => {
    const expected = fromHex(output);
    const actual = prf(noble.hashes[name], fromHex(secret), "test label", fromHex(seed), expected.length);
    expect(toHex(actual)).toBe(toHex(expected));
  });

  test("computes for any length the beginning of a longer output", () => {
    const longest = prf(sha256, new Uint8Array(48), "label", new Uint8Array(3), 100);
    for (const length of [0, 1, 12, 31, 32, 33, 64, 99])
      expect(toHex(prf(sha256, new Uint8Array(48), "label", new Uint8Array(3), length))).toBe(
        toHex(longest.subarray(0, length)),
      );
  });

  test("accepts a secret that is longer than the hash's block, and an empty one", () => {
    for (const secret of [new Uint8Array(200).fill(7), new Uint8Array(0)])
      expect(prf(sha256, secret, "x", secret, 40)).toHaveLength(40);
  });
});

describe("verifyData", () => {
  test("returns the first 12 bytes of the PRF with the label of the role", () => {
    const master = new Uint8Array(48).fill(1);
    const hash = new Uint8Array(32).fill(2);
    expect(verifyData(sha256, master, "client", hash)).toEqual(prf(sha256, master, "client finished", hash, 12));
    expect(verifyData(sha256, master, "server", hash)).toEqual(prf(sha256, master, "server finished", hash, 12));
  });
});

describe("keyBlock", () => {
  const master = new Uint8Array(48).fill(1);
  const client = new Uint8Array(32).fill(2);
  const server = new Uint8Array(32).fill(3);

  test.each([
    ["GCM", TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, sha384, 0, 72],
    ["ChaCha20", TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, sha256, 0, 88],
    ["CBC", TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, sha256, 20, 72],
  ] as const)("divides the block for %s in the order of RFC 5246 §6.3", (_name, suite, hash, mac, length) => {
    const keys = keyBlock(hash, suite, master, client, server);
    const order = [
      keys.client.macKey,
      keys.server.macKey,
      keys.client.key,
      keys.server.key,
      keys.client.iv,
      keys.server.iv,
    ];
    expect(keys.bytes).toHaveLength(length);
    expect(order.map((part) => part.length)).toEqual([
      mac,
      mac,
      suite.keyLength,
      suite.keyLength,
      suite.fixedIvLength,
      suite.fixedIvLength,
    ]);
    expect(order.map(toHex).join("")).toBe(toHex(keys.bytes));
  });

  test("returns keys that are views of the block: wiping the block wipes them", () => {
    const keys = keyBlock(sha256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, master, client, server);
    keys.bytes.fill(0);
    expect(toHex(keys.server.key)).toBe("00".repeat(16));
  });
});

interface AcvpGroup {
  readonly tgId: number;
  readonly hashAlg: string;
  readonly keyBlockLength: number;
  readonly tlsVersion?: string;
  readonly tests: readonly ({ readonly tcId: number } & Readonly<Record<string, string>>)[];
}
type Acvp = readonly [unknown, { readonly testGroups: readonly AcvpGroup[] }];

const acvpHashes: Readonly<Record<string, Hash>> = { "SHA2-256": sha256, "SHA2-384": sha384, "SHA2-512": sha512 };

/** A suite with a key block of `length` bytes. */
const suiteOf = (length: number): CipherSuite => ({
  ...TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
  macLength: 0,
  keyLength: length / 2,
  fixedIvLength: 0,
});

describe("ACVP", () => {
  for (const [file, extended, count] of [
    ["TLS12", true, 14],
    ["kdf-components", false, 3],
  ] as const) {
    const vectors = vectorFile(`prf/${file}.vectors.json`);
    const answers = vectorFile(`prf/${file}.expected.json`);
    const { read } = vectors;
    const { read: readAnswers } = answers;
    if (!read || !readAnswers) {
      test.skip(`${file}: no vectors at ${vectors.path}; set HANDCLASP_VECTORS to their folder`);
      continue;
    }
    test(`${file}: master secrets and key blocks equal the expected ones`, () => {
      const expected = new Map(
        (readAnswers() as Acvp)[1].testGroups.flatMap((group) =>
          group.tests.map((answer) => [`${group.tgId}/${answer.tcId}`, answer] as const),
        ),
      );
      let seen = 0;
      (read() as Acvp)[1].testGroups.forEach((group, index) => {
        if (!extended && group.tlsVersion !== "v1.2") return;
        const hash = acvpHashes[group.hashAlg]!;
        for (const vector of group.tests) {
          const field = (name: string): Uint8Array => fromHex(vector[name]!);
          const answer = expected.get(`${group.tgId ?? index + 1}/${vector.tcId}`)!;
          const master = extended
            ? extendedMasterSecret(hash, field("preMasterSecret"), field("sessionHash"))
            : masterSecret(hash, field("preMasterSecret"), field("clientHelloRandom"), field("serverHelloRandom"));
          expect(toHex(master)).toBe(answer.masterSecret!.toLowerCase());
          const suite = suiteOf(group.keyBlockLength / 8);
          const { bytes } = keyBlock(hash, suite, master, field("clientRandom"), field("serverRandom"));
          expect(toHex(bytes)).toBe(answer.keyBlock!.toLowerCase());
          seen++;
        }
      });
      expect(seen).toBe(count);
    });
  }
});
