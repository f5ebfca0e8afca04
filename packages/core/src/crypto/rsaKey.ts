/**
 * The limits on RSA keys. Handclasp checks them when it parses a key, before it computes with the key.
 * @module
 */
import { withoutLeadingZeros } from "./bigEndian.ts";
import type { PublicKey } from "./provider.ts";

export type RsaPublicKey = PublicKey & { type: "rsa" };

/** The minimum size of a modulus in bits: a smaller one is too weak. */
const minModulusBits = 2048;
/** The maximum size of a modulus in bits: with a larger one, a peer could make us compute for a long time. */
const maxModulusBits = 8192;
/** The maximum length of an exponent in bytes: a longer one only makes us compute for a long time. */
const maxExponentLength = 4;

const isOdd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1;

/** The size of a key in bits, which is the size of its modulus. */
export function rsaBits({ modulus }: Pick<RsaPublicKey, "modulus">): number {
  const digits = withoutLeadingZeros(modulus);
  return digits.length === 0 ? 0 : 8 * digits.length + 24 - Math.clz32(digits[0] as number);
}

/**
 * The reason why an RSA key is refused, or `undefined` if it is within the limits. The check uses no BigInt, because
 * the cost of BigInt grows with the length of the key.
 */
export function rsaKeyFault(key: RsaPublicKey): string | undefined {
  const bits = rsaBits(key);
  if (bits < minModulusBits || bits > maxModulusBits)
    return `its modulus has ${bits} bits, not ${minModulusBits} to ${maxModulusBits}`;
  if (!isOdd(key.modulus)) return "its modulus is even";
  const exponent = withoutLeadingZeros(key.exponent);
  if (!isOdd(exponent) || exponent.length > maxExponentLength || (exponent.length === 1 && exponent[0] === 1))
    return "its exponent is not an odd number from 3 to 2^32 - 1";
  return undefined;
}
