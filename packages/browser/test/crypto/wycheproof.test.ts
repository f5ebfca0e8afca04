import { providerVectors } from "@handclasp/testing/vectors";
import { describe, expect, test } from "vitest";
import { webCrypto } from "../../src/crypto/webCrypto.ts";

describe("webCrypto against Wycheproof", () => {
  for (const suite of providerVectors(webCrypto)) {
    if (!suite.isPresent) {
      test.skip(`${suite.name}: no vectors at ${suite.path}: set HANDCLASP_VECTORS to their folder`);
      continue;
    }
    test(suite.name, async () => {
      const { passed, failures } = await suite.run();
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});
