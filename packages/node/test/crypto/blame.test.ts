/** Which failures of node:crypto are the peer's public key, and which are node:crypto's own. */
import { afterEach, expect, test, vi } from "vitest";
import { nodeCrypto } from "../../src/crypto/nodeCrypto.ts";

const { fault } = vi.hoisted(() => ({ fault: { error: undefined as Error | undefined } }));
vi.mock("node:crypto", async (original) => {
  const host = await original<typeof import("node:crypto")>();
  const breaking = <T extends (...args: never[]) => unknown>(call: T): T =>
    ((...args: never[]) => {
      if (fault.error) throw fault.error;
      return call(...args);
    }) as T;
  const secretBreaks = <T extends { computeSecret: (...args: never[]) => unknown }>(pair: T): T => {
    pair.computeSecret = breaking(pair.computeSecret.bind(pair));
    return pair;
  };
  return {
    ...host,
    diffieHellman: breaking(host.diffieHellman),
    createECDH: (curve: string) => secretBreaks(host.createECDH(curve)),
    createDiffieHellman: (prime: Buffer, generator: number) => secretBreaks(host.createDiffieHellman(prime, generator)),
  };
});
afterEach(() => {
  fault.error = undefined;
});

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

test.each(["x25519", "secp256r1"] as const)("%s: a fault of the host is thrown, not laid on the peer", async (name) => {
  const own = await nodeCrypto.groups[name]!(random);
  const { publicKey } = await nodeCrypto.groups[name]!(random);
  fault.error = Object.assign(new Error("the host broke"), { code: "ERR_OSSL_EVP_INITIALIZATION_ERROR" });
  expect(() => own.agree(publicKey)).toThrow("the host broke");
  fault.error = undefined;
  expect(await own.agree(publicKey)).toHaveLength(32);
});

test("x25519: a point of low order is the peer's fault, whatever the host says of it", async () => {
  const own = await nodeCrypto.groups.x25519!(random);
  const one = Uint8Array.from({ length: 32 }, (_, i) => +(i === 0));
  const highBit = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 0x80 : 0));
  for (const error of [undefined, new Error("some other text of another version")]) {
    fault.error = error;
    expect(await own.agree(one)).toBeUndefined();
    expect(await own.agree(highBit)).toBeUndefined();
  }
});

test("a finite field: a value outside the group is the peer's fault, any other failure is the host's", async () => {
  const { ffdhe2048 } = await import("@handclasp/core");
  const prime = ffdhe2048.field.prime();
  const own = await nodeCrypto.finiteField!(prime, 32)(random);
  expect(await own.agree(Uint8Array.of(1))).toBeUndefined();
  expect(await own.agree(prime)).toBeUndefined();
  fault.error = new Error("the host broke");
  expect(() => own.agree(Uint8Array.of(4))).toThrow("the host broke");
});
