import { noble } from "@handclasp/core";
import { providerContract, signatureContract } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { defaultProvider, webCrypto } from "../../src/crypto/webCrypto.ts";
import { signers } from "./signers.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Replaces `subtle` of the host's crypto. */
function withSubtle(subtle: SubtleCrypto | undefined): void {
  const host = globalThis.crypto;
  vi.stubGlobal("crypto", { subtle, getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => host.getRandomValues(bytes) });
}

/** A `subtle` that refuses some algorithms, and a list of its calls with other algorithms. */
function lacking(...names: string[]): { subtle: SubtleCrypto; calls: string[] } {
  const calls: string[] = [];
  const nameOf = (algorithm: unknown) => (typeof algorithm === "string" ? algorithm : (algorithm as Algorithm)?.name);
  const { subtle } = globalThis.crypto;
  const proxy = new Proxy(subtle, {
    get(target, property) {
      const method = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const name = args.map(nameOf).find((found) => typeof found === "string" && /[A-Z]/.test(found)) ?? "";
        if (names.includes(name)) throw new DOMException(`no ${name}`, "NotSupportedError");
        calls.push(`${String(property)} ${name}`);
        return method.apply(target, args);
      };
    },
  });
  return { subtle: proxy, calls };
}

describe("webCrypto, checked against noble", () => {
  for (const { name, run } of providerContract(webCrypto, noble)) test(name, run);
  for (const { name, run } of signatureContract(webCrypto, noble, signers)) test(name, run);

  test("has all ciphers and groups of noble", () => {
    expect(Object.keys(webCrypto.ciphers).sort()).toEqual(Object.keys(noble.ciphers).sort());
    expect(Object.keys(webCrypto.groups).sort()).toEqual(Object.keys(noble.groups).sort());
    expect(webCrypto.prefers).toBe("AES_GCM");
  });
});

describe("without crypto.subtle, as on an insecure origin", () => {
  test("the default is noble", () => {
    expect(defaultProvider()).toBe(webCrypto);
    withSubtle(undefined);
    expect(defaultProvider()).toBe(noble);
    vi.stubGlobal("crypto", undefined);
    expect(defaultProvider()).toBe(noble);
  });

  for (const { name, run } of [...providerContract(webCrypto, noble), ...signatureContract(webCrypto, noble, [])]) {
    if (!/AES_128_GCM|x25519|secp256r1/.test(name)) continue;
    test(`webCrypto uses noble: ${name}`, async () => {
      withSubtle(undefined);
      await run();
    });
  }
});

describe("if the host's WebCrypto lacks an algorithm", () => {
  test.each(["x25519", "secp256r1"] as const)("%s: noble makes the key shares", async (group) => {
    vi.resetModules();
    const freshProvider = (await import("../../src/crypto/webCrypto.ts")).webCrypto;
    const { subtle, calls } = lacking("X25519", "ECDH");
    withSubtle(subtle);
    const random = (length: number) => globalThis.crypto.getRandomValues(new Uint8Array(length));
    for (let i = 0; i < 2; i++) {
      const ownShare = await freshProvider.groups[group]!(random);
      const peerShare = await noble.groups[group]!(random);
      expect(await ownShare.agree(peerShare.publicKey)).toEqual(await peerShare.agree(ownShare.publicKey));
    }
    expect(calls).toEqual([]);
  });

  test("noble verifies signatures of that algorithm, and the host verifies the others", async () => {
    const { subtle, calls } = lacking("Ed25519");
    const message = new Uint8Array(20);
    const signed = await Promise.all(
      signers.map(async ({ credential, publicKey }) => {
        const scheme = credential.schemes[0]!;
        return { algorithm: scheme.algorithm, publicKey, signature: await credential.sign(scheme, message) };
      }),
    );
    withSubtle(subtle);
    for (const { algorithm, publicKey, signature } of signed) {
      expect(await webCrypto.verify(algorithm, publicKey, message, signature)).toBe(true);
      expect(await webCrypto.verify(algorithm, publicKey, new Uint8Array(19), signature)).toBe(false);
    }
    const kinds = new Set(calls.filter((line) => line.startsWith("verify")));
    expect([...kinds].sort()).toEqual(["verify ECDSA", "verify RSA-PSS"]);
  });
});

/** A `subtle` with one method that fails as long as `error` is set. */
function failing(method: string): { subtle: SubtleCrypto; failure: { error: Error | undefined } } {
  const failure: { error: Error | undefined } = { error: undefined };
  const { subtle } = globalThis.crypto;
  const proxy = new Proxy(subtle, {
    get(target, property) {
      const original = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (property === method && failure.error !== undefined) throw failure.error;
        return original.apply(target, args);
      };
    },
  });
  return { subtle: proxy, failure };
}

describe("if the host's WebCrypto fails", () => {
  const random = (length: number) => globalThis.crypto.getRandomValues(new Uint8Array(length));
  const hostKeys = vi.fn();

  test.each(["x25519", "secp256r1"] as const)(
    "%s: after one failure, the host makes the next key share",
    async (group) => {
      vi.resetModules();
      const freshProvider = (await import("../../src/crypto/webCrypto.ts")).webCrypto;
      const { subtle, failure } = failing("generateKey");
      const counted = new Proxy(subtle, {
        get(target, property) {
          if (property === "exportKey") hostKeys();
          return Reflect.get(target, property);
        },
      });
      hostKeys.mockClear();
      withSubtle(counted);
      failure.error = new DOMException("too many workers", "OperationError");
      const peerShare = await noble.groups[group]!(random);
      const ownShare = await freshProvider.groups[group]!(random);
      expect(await ownShare.agree(peerShare.publicKey)).toEqual(await peerShare.agree(ownShare.publicKey));
      expect(hostKeys).not.toHaveBeenCalled();
      failure.error = undefined;
      await freshProvider.groups[group]!(random);
      expect(hostKeys).toHaveBeenCalledOnce();
    },
  );

  test.each([
    ["x25519", "importKey"],
    ["x25519", "deriveBits"],
    ["secp256r1", "importKey"],
    ["secp256r1", "deriveBits"],
  ] as const)(
    "%s: agree throws the error of %s if the peer's point is valid, and returns undefined otherwise",
    async (group, method) => {
      const { subtle, failure } = failing(method);
      withSubtle(subtle);
      const ownShare = await webCrypto.groups[group]!(random);
      const peerShare = await noble.groups[group]!(random);
      failure.error = new DOMException("the host broke", "OperationError");
      await expect(ownShare.agree(peerShare.publicKey)).rejects.toBe(failure.error);
      const invalidPoint =
        group === "x25519" ? new Uint8Array(32) : peerShare.publicKey.map((byte, i) => (i === 64 ? byte ^ 1 : byte));
      expect(await ownShare.agree(invalidPoint)).toBeUndefined();
    },
  );
});
