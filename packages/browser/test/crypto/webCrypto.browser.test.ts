import { noble } from "@handclasp/core";
import { providerContract, signatureContract } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { defaultProvider, webCrypto } from "../../src/crypto/webCrypto.ts";
import { signers } from "./signers.ts";

describe("webCrypto in a real browser, checked against noble", () => {
  for (const { name, run } of providerContract(webCrypto, noble)) test(name, run);
  for (const { name, run } of signatureContract(webCrypto, noble, signers)) test(name, run);

  test("is the default provider on a secure origin", () => {
    expect(isSecureContext).toBe(true);
    expect(defaultProvider()).toBe(webCrypto);
  });
});
