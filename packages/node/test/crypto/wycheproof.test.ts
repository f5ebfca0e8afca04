import { providerVectors } from "@handclasp/testing/vectors";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../src/crypto/nodeCrypto.ts";

describe("nodeCrypto against Wycheproof", () => {
  for (const suite of providerVectors(nodeCrypto)) {
    if (!suite.isPresent) {
      test.skip(`${suite.name}: no vectors at ${suite.path}; HANDCLASP_VECTORS says where they are`);
      continue;
    }
    test(suite.name, async () => {
      const { passed, failures } = await suite.run();
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});
