/** Key agreement distinguishes an invalid public key of the peer from a failure of node:crypto. */
import { afterEach, expect, test, vi } from "vitest";
import { nodeCrypto } from "../../src/crypto/nodeCrypto.ts";

const { failure } = vi.hoisted(() => ({ failure: { error: undefined as Error | undefined } }));
vi.mock("node:crypto", async (original) => {
  const nodeCryptoModule = await original<typeof import("node:crypto")>();
  const failing = <T extends (...args: never[]) => unknown>(call: T): T =>
    ((...args: never[]) => {
      if (failure.error) throw failure.error;
      return call(...args);
    }) as T;
  const withFailingSecret = <T extends { computeSecret: (...args: never[]) => unknown }>(pair: T): T => {
    pair.computeSecret = failing(pair.computeSecret.bind(pair));
    return pair;
  };
  return {
    ...nodeCryptoModule,
    diffieHellman: failing(nodeCryptoModule.diffieHellman),
    createECDH: (curve: string) => withFailingSecret(nodeCryptoModule.createECDH(curve)),
    // Since Node.js 24, this function tests for seconds whether the prime is a safe prime.
    createDiffieHellman: () => {
      throw new Error("the provider must not call createDiffieHellman");
    },
  };
});
afterEach(() => {
  failure.error = undefined;
});

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

test.each(["x25519", "secp256r1"] as const)(
  "%s: agree throws if node:crypto fails, and does not report an invalid public key",
  async (name) => {
    const share = await nodeCrypto.groups[name]!(random);
    const { publicKey } = await nodeCrypto.groups[name]!(random);
    failure.error = Object.assign(new Error("the host broke"), { code: "ERR_OSSL_EVP_INITIALIZATION_ERROR" });
    expect(() => share.agree(publicKey)).toThrow("the host broke");
    failure.error = undefined;
    expect(await share.agree(publicKey)).toHaveLength(32);
  },
);

test("x25519: agree returns undefined for a point of low order, whatever error node:crypto throws", async () => {
  const share = await nodeCrypto.groups.x25519!(random);
  const pointOne = Uint8Array.from({ length: 32 }, (_, i) => +(i === 0));
  const highBit = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 0x80 : 0));
  for (const error of [undefined, new Error("some other text of another version")]) {
    failure.error = error;
    expect(await share.agree(pointOne)).toBeUndefined();
    expect(await share.agree(highBit)).toBeUndefined();
  }
});

test("finite field: agree returns undefined for the public keys 1 and p, and throws if node:crypto fails", async () => {
  const { ffdhe2048 } = await import("@handclasp/core");
  const prime = ffdhe2048.field.prime();
  const share = await nodeCrypto.finiteField!(prime, 32)(random);
  expect(await share.agree(Uint8Array.of(1))).toBeUndefined();
  expect(await share.agree(prime)).toBeUndefined();
  expect(await share.agree(new Uint8Array())).toBeUndefined();
  failure.error = new Error("the host broke");
  expect(() => share.agree(Uint8Array.of(4))).toThrow("the host broke");
});
