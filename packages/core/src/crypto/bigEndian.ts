/**
 * Conversions between BigInt and big-endian bytes, and powers modulo a number. Operations on BigInt do not take
 * constant time.
 * @module
 */
import { hexToBytes } from "@noble/hashes/utils.js";
import { toHex } from "../bytes/bytes.ts";

export const toNumber = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`));

/** I2OSP, RFC 8017 §4.1. The value must fit into `length` bytes. */
export const toBytes = (value: bigint, length: number): Uint8Array =>
  hexToBytes(value.toString(16).padStart(2 * length, "0"));

/** The bytes without leading zeros. */
export const withoutLeadingZeros = (bytes: Uint8Array): Uint8Array => {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? bytes.subarray(0, 0) : bytes.subarray(first);
};

/** `base` to the power of `exponent`, modulo `modulus`, by square and multiply. */
export function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
