/**
 * Which RSA keys are accepted: known when one is parsed, long before anything is computed with it.
 * @module
 */
import { withoutLeadingZeros } from "./bigEndian.ts";
import type { PublicKey } from "./provider.ts";

export type RsaPublicKey = PublicKey & { type: "rsa" };

/** Below, too weak; above, a peer could make us compute for long. */
const minModulusBits = 2048;
const maxModulusBits = 8192;
/** Bytes: an exponent of 33 bits and more is only ever a way to make us compute for long. */
const maxExponentLength = 4;

const isOdd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1;

/** The size of a key: that of its modulus. */
export function rsaBits({ modulus }: Pick<RsaPublicKey, "modulus">): number {
  const digits = withoutLeadingZeros(modulus);
  return digits.length === 0 ? 0 : 8 * digits.length + 24 - Math.clz32(digits[0] as number);
}

/** Why an RSA key is refused, `undefined` for one within the limits. No BigInt is made: its cost depends on the length. */
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
