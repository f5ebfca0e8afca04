import { providerVectors } from "@handclasp/testing/vectors";
import { describe, expect, test } from "vitest";
import { webCrypto } from "../../src/crypto/webCrypto.ts";

describe("webCrypto against Wycheproof", () => {
  // Whatever the host is: OpenSSL and BoringSSL both refuse a DigestInfo without NULL.
  for (const suite of providerVectors(webCrypto, undefined, { missingNull: "refuse" })) {
    test.skipIf(!suite.present)(suite.name, { timeout: 60_000 }, async () => {
      const { passed, failures } = await suite.run();
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});
