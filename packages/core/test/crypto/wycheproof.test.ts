/**
 * Checks the noble provider with the vectors of Wycheproof.
 * @module
 */
import { providerVectors } from "@handclasp/testing/vectors";
import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";

describe("noble gives the results of Wycheproof's vectors", () => {
  for (const suite of providerVectors(noble)) {
    if (!suite.isPresent) {
      test.skip(`${suite.name}: no vectors at ${suite.path}; set HANDCLASP_VECTORS to their folder`);
      continue;
    }
    test(suite.name, { timeout: 300_000 }, async () => {
      const { passed, failures } = await suite.run();
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});
