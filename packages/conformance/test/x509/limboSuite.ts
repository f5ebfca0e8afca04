import type { CryptoProvider } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { judge, readLimbo } from "../../src/x509/limbo.ts";

/** Runs each case that counts with each provider. Without a corpus, one skipped test says so. */
export function limboSuite(text: string, providers: readonly CryptoProvider[]): void {
  const name = text
    ? "the corpus of paths"
    : "the corpus of paths: ../shared/x509/limbo-dev.json or HANDCLASP_LIMBO is absent";
  describe.skipIf(!text).each(providers)(`${name}, with $name`, (provider) => {
    const corpus = text ? readLimbo(text) : { certs: [], cases: [] };
    test("has cases that count", () => expect(corpus.cases.some(({ tier }) => tier === "must")).toBe(true));
    for (const one of corpus.cases.filter(({ tier }) => tier === "must")) {
      test(`${one.id}: ${one.expect}`, async () => {
        expect((await judge(corpus, one, provider)).filter(({ right }) => !right)).toEqual([]);
      });
    }
  });
}
