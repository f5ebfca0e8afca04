import { noble } from "@handclasp/core";
import { asyncCredential, asyncProvider, providerContract, signatureContract } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../src/crypto/nodeCrypto.ts";
import { signers } from "./keys.ts";

describe("nodeCrypto, checked against noble", () => {
  for (const { name, run } of providerContract(nodeCrypto, noble)) test(name, run);
  for (const { name, run } of signatureContract(nodeCrypto, noble, signers)) test(name, run);

  test("has all ciphers and groups of noble, and CCM", () => {
    expect(Object.keys(nodeCrypto.ciphers).sort()).toEqual(
      [...Object.keys(noble.ciphers), "AES_128_CCM", "AES_128_CCM_8"].sort(),
    );
    expect(Object.keys(nodeCrypto.groups).sort()).toEqual(Object.keys(noble.groups).sort());
    expect(nodeCrypto.prefers).toBe("AES_GCM");
  });

  test("is synchronous", () => {
    const expectSync = (value: unknown) => expect(value).not.toHaveProperty("then");
    const share = nodeCrypto.groups.x25519!(() => new Uint8Array(32));
    expectSync(share);
    expectSync(nodeCrypto.ciphers.AES_128_GCM!(new Uint8Array(16)));
    const { publicKey } = signers[0]!;
    expectSync(nodeCrypto.verify({ type: "ed25519" }, publicKey, new Uint8Array(0), new Uint8Array(64)));
  });
});

describe("noble, checked against nodeCrypto", () => {
  for (const { name, run } of providerContract(noble, nodeCrypto)) test(name, run);
  for (const { name, run } of signatureContract(noble, nodeCrypto, signers)) test(name, run);
});

describe("asyncProvider keeps the contract", () => {
  const asyncNodeCrypto = asyncProvider(nodeCrypto);
  const asyncSigners = signers.map((signer) => ({ ...signer, credential: asyncCredential(signer.credential) }));
  for (const { name, run } of providerContract(asyncNodeCrypto, nodeCrypto)) test(name, run);
  for (const { name, run } of signatureContract(asyncNodeCrypto, nodeCrypto, asyncSigners)) test(name, run, 20_000);

  test("it passes on whatever else the provider and the credential have", () => {
    const random = (length: number) => new Uint8Array(length);
    const extra = { later: 1 };
    expect(asyncProvider({ ...nodeCrypto, ...extra, random })).toMatchObject({ ...extra, random });
    const staple = { ocspResponse: new Uint8Array(1), signedCertificateTimestamps: new Uint8Array(2) };
    expect(asyncCredential({ ...signers[0]!.credential, ...extra, ...staple })).toMatchObject({ ...extra, ...staple });
  });

  test("the provider and the credential may be instances of classes", () => {
    const provider = Object.create({ ...nodeCrypto }) as typeof nodeCrypto;
    const { hashes, prefers } = nodeCrypto;
    expect(asyncProvider(provider)).toMatchObject({ hashes, prefers });
    const { chain, schemes } = signers[0]!.credential;
    const credential = Object.create(signers[0]!.credential) as (typeof signers)[number]["credential"];
    expect(asyncCredential(credential)).toMatchObject({ chain, schemes, read: expect.any(Function) });
  });

  test("its promises may resolve out of order", async () => {
    const draws = [0.9, 0.9, 0.1, 0.1];
    const provider = asyncProvider(nodeCrypto, { random: () => draws.shift() ?? 0 });
    const { publicKey } = signers[0]!;
    const answers: number[] = [];
    const verifyAs = async (n: number) => {
      await provider.verify({ type: "ed25519" }, publicKey, new Uint8Array(0), new Uint8Array(64));
      answers.push(n);
    };
    await Promise.all([verifyAs(1), verifyAs(2)]);
    expect(answers).toEqual([2, 1]);
  });
});
