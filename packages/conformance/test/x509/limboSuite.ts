import type { CryptoProvider } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { judge, readLimbo } from "../../src/x509/limbo.ts";

/** Runs each case of the tier `must` with each provider. Without a corpus, the tests are skipped. */
export function limboSuite(text: string, providers: readonly CryptoProvider[]): void {
  const name = text
    ? "the corpus of paths"
    : "the corpus of paths: ../shared/x509/limbo-dev.json or HANDCLASP_LIMBO is absent";
  describe.skipIf(!text).each(providers)(`${name}, with $name`, (provider) => {
    const corpus = text ? readLimbo(text) : { certs: [], cases: [] };
    test("has cases of the tier must", () => expect(corpus.cases.some(({ tier }) => tier === "must")).toBe(true));
    for (const one of corpus.cases.filter(({ tier }) => tier === "must")) {
      test(`${one.id} has the verdict ${one.expect}`, async () => {
        expect((await judge(corpus, one, provider)).filter(({ right }) => !right)).toEqual([]);
      });
    }
  });
}
