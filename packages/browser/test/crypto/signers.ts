import { parseCertificate } from "@handclasp/core";
import { type ContractSigner, type KeyAlgorithm, testCa } from "@handclasp/testing";
import { browserCredential } from "../../src/crypto/credential.ts";

export const algorithms: readonly KeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"];

const ca = await testCa();

/** A certificate and its key for each algorithm, issued by a temporary CA. */
export const issued = new Map(
  await Promise.all(algorithms.map(async (algorithm) => [algorithm, await ca.issue({ algorithm })] as const)),
);

export const signers: readonly ContractSigner[] = await Promise.all(
  [...issued].map(async ([name, { cert, key, chain }]) => ({
    name,
    credential: await browserCredential({ cert, key }),
    publicKey: parseCertificate(chain[0]!).publicKey,
  })),
);
