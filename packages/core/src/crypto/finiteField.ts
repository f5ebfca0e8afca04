/**
 * Finite fields for Diffie-Hellman: the safe primes of RFC 7919 and RFC 3526, all with generator 2. The code computes
 * the primes from the digits of e and π, as the RFCs define them. The computation takes at most about 20 ms, once for
 * each prime, and saves a page 6 KB that do not compress.
 * @module
 */
import { powerModulo, toBytes, toNumber } from "./bigEndian.ts";
import type { KeyShareGenerator, Random } from "./provider.ts";

export interface FiniteField<Name extends string = string> {
  readonly name: Name;
  /** The length of a secret exponent in bytes: at least the number of bits in RFC 7919 §5.2. */
  readonly exponentLength: number;
  /** p, big-endian, without leading zeros. */
  prime(): Uint8Array;
}

/** 2^bits − 2^(bits−64) + (⌊2^(bits−130)·constant⌋ + x)·2^64 − 1: RFC 7919 appendix A with e, RFC 3526 with π. */
function field<Name extends string>(
  name: Name,
  bits: number,
  constant: (bits: bigint) => bigint,
  x: bigint,
  exponentLength: number,
): FiniteField<Name> {
  let prime: Uint8Array | undefined;
  return {
    name,
    exponentLength,
    prime() {
      const n = BigInt(bits);
      prime ??= toBytes((1n << n) - (1n << (n - 64n)) + ((constant(n - 130n) + x) << 64n) - 1n, bits / 8);
      return prime;
    },
  };
}

/** Extra bits that absorb the rounding errors of a sum. */
const guardBits = 64n;

/** ⌊2^bits·e⌋ as the sum of 1/k!. */
function e(bits: bigint): bigint {
  let sum = 0n;
  for (let [term, k] = [1n << (bits + guardBits), 1n]; term; term /= k++) sum += term;
  return sum >> guardBits;
}

/** ⌊2^bits·π⌋ by Machin's formula: π/4 = 4·arctan(1/5) − arctan(1/239). */
function pi(bits: bigint): bigint {
  const arctan = (x: bigint): bigint => {
    let sum = 0n;
    for (let [power, k, sign] = [(1n << (bits + guardBits)) / x, 1n, 1n]; power; power /= x * x, k += 2n, sign = -sign)
      sum += sign * (power / k);
    return sum;
  };
  return (4n * (4n * arctan(5n) - arctan(239n))) >> guardBits;
}

export const ffdhe2048Field: FiniteField<"ffdhe2048"> = /* @__PURE__ */ field("ffdhe2048", 2048, e, 560316n, 32);
export const ffdhe3072Field: FiniteField<"ffdhe3072"> = /* @__PURE__ */ field("ffdhe3072", 3072, e, 2625351n, 40);
export const ffdhe4096Field: FiniteField<"ffdhe4096"> = /* @__PURE__ */ field("ffdhe4096", 4096, e, 5736041n, 48);

/**
 * Groups 14 to 18 of RFC 3526, which have no number in TLS. Servers that do not follow RFC 7919 in TLS 1.2, such as
 * OpenSSL 3.0, send them.
 */
export const modpFields: readonly FiniteField[] = [
  /* @__PURE__ */ field("modp2048", 2048, pi, 124476n, 32),
  /* @__PURE__ */ field("modp3072", 3072, pi, 1690314n, 40),
  /* @__PURE__ */ field("modp4096", 4096, pi, 240904n, 48),
  /* @__PURE__ */ field("modp6144", 6144, pi, 929484n, 48),
  /* @__PURE__ */ field("modp8192", 8192, pi, 4743158n, 56),
];

/**
 * Key shares in a finite field with generator 2, computed with BigInt, for providers whose host has no Diffie-Hellman.
 * `exponentLength` is in bytes. The public key and the secret are as long as the prime. Each exponent serves only one
 * handshake, so the timing of the computation reveals little about it.
 */
export const finiteField =
  (prime: Uint8Array, exponentLength: number): KeyShareGenerator =>
  (random: Random) => {
    const p = toNumber(prime);
    const bytes = random(exponentLength);
    let exponent = toNumber(bytes);
    bytes.fill(0);
    const power = (base: bigint): Uint8Array => toBytes(powerModulo(base, exponent, p), prime.length);
    return {
      publicKey: power(2n),
      agree(peerPublicKey) {
        if (!exponent) throw new Error("this key share is wiped");
        return power(toNumber(peerPublicKey));
      },
      wipe() {
        exponent = 0n;
      },
    };
  };
