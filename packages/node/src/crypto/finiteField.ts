/**
 * Finite-field Diffie-Hellman with keys of `generateKeyPairSync`. OpenSSL recognizes the primes of RFC 7919 and RFC
 * 3526, and chooses private exponents whose length matches their strength. `createDiffieHellman` is no alternative:
 * since Node.js 24, each call tests whether the prime is a safe prime, which takes up to ten seconds.
 * @module
 */
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { CryptoProvider } from "@handclasp/core";
import { concat, der, derElement, derInteger, finiteField as finiteFieldOfCore, tags } from "@handclasp/core/unstable";
import { asUint8Array, requireKey } from "./hostKeys.ts";

/** dhKeyAgreement of PKCS #3: 1.2.840.113549.1.3.1. */
const dhKeyAgreement = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01);
const generator = 2;

export const finiteField: NonNullable<CryptoProvider["finiteField"]> = (prime, exponentLength) => {
  if (!hasKeys(prime)) return finiteFieldOfCore(prime, exponentLength);
  const toPrimeLength = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(prime.length);
    out.set(bytes, prime.length - bytes.length);
    bytes.fill(0);
    return out;
  };
  return () => {
    const pair = generate(prime);
    let livePrivateKey: KeyObject | undefined = pair.privateKey;
    return {
      publicKey: toPrimeLength(publicValue(pair.publicKey)),
      agree(peerPublicKey) {
        const privateKey = requireKey(livePrivateKey);
        if (!isInRange(peerPublicKey, prime)) return undefined;
        const publicKey = importPublicKey(prime, peerPublicKey);
        try {
          return toPrimeLength(asUint8Array(diffieHellman({ privateKey, publicKey })));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === outsideSubgroup) return undefined;
          throw error;
        }
      },
      wipe() {
        livePrivateKey = undefined; // OpenSSL clears the key when the object is collected
      },
    };
  };
};

/** OpenSSL 3.0 (Node.js 20) also refuses a value outside the subgroup of the generator. Later versions do not. */
const outsideSubgroup = "ERR_OSSL_DH_CHECK_PUBKEY_INVALID";

/** Whether `value` is in 2 … p−2. The code compares numbers, because the errors of OpenSSL differ between versions. */
function isInRange(value: Uint8Array, prime: Uint8Array): boolean {
  const number = BigInt(`0x0${Buffer.from(value).toString("hex")}`);
  const p = BigInt(`0x${Buffer.from(prime).toString("hex")}`);
  return number > 1n && number < p - 1n;
}

let knownToHaveKeys: boolean | undefined;

/** Whether the host has such keys. Bun and Electron, which have BoringSSL, and Deno do not. */
function hasKeys(prime: Uint8Array): boolean {
  if (knownToHaveKeys === undefined) {
    try {
      importPublicKey(prime, publicValue(generate(prime).publicKey));
      knownToHaveKeys = true;
    } catch {
      knownToHaveKeys = false;
    }
  }
  return knownToHaveKeys;
}

/** Exports the public key in the call that makes it: nodeCrypto.ts says why. */
const generate = (prime: Uint8Array): { publicKey: Buffer; privateKey: KeyObject } =>
  (generateKeyPairSync as unknown as Generate)("dh", {
    prime: Buffer.from(prime),
    generator,
    publicKeyEncoding: { type: "spki", format: "der" },
  });

/** An overload that the type declarations lack. */
type Generate = (
  type: "dh",
  options: { prime: Buffer; generator: number; publicKeyEncoding: { type: "spki"; format: "der" } },
) => { publicKey: Buffer; privateKey: KeyObject };

/** The value of the key in a SubjectPublicKeyInfo, without leading zeros. */
function publicValue(spki: Uint8Array): Uint8Array {
  const bits = der(spki, (reader) =>
    reader.sequence((inner) => {
      inner.contents(tags.sequence);
      return inner.contents(tags.bitString);
    }),
  );
  const value = der(bits.subarray(1), (reader) => reader.contents(tags.integer)); // the first byte counts unused bits
  return Uint8Array.from(value[0] === 0 ? value.subarray(1) : value);
}

function importPublicKey(prime: Uint8Array, value: Uint8Array): KeyObject {
  const parameters = derElement(tags.sequence, derInteger(prime), derInteger(Uint8Array.of(generator)));
  const algorithm = derElement(tags.sequence, derElement(tags.oid, dhKeyAgreement), parameters);
  const bits = derElement(tags.bitString, concat(Uint8Array.of(0), derInteger(value)));
  const spki = Buffer.from(derElement(tags.sequence, algorithm, bits));
  return createPublicKey({ key: spki, format: "der", type: "spki" });
}
