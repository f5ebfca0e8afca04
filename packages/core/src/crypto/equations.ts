/**
 * Checks that a point is on a curve, with the equations of SEC 2 §2. Parsing a certificate needs only this check, so a
 * page can parse certificates without the code of the curves.
 * @module
 */
import { toNumber } from "./bigEndian.ts";
import type { EcKeyCurveName } from "./provider.ts";

/** The curves y² = x³ − 3x + b modulo p. `width` is the length of a coordinate in bytes. */
const equations: Readonly<Record<EcKeyCurveName, readonly [width: number, p: bigint, b: bigint]>> = {
  secp256r1: [
    32,
    0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  ],
  secp384r1: [
    48,
    0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  ],
  secp521r1: [
    66,
    0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffn,
    0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  ],
};

/**
 * `"form"` if the bytes are not an uncompressed point (RFC 8422 §5.4.1), `"curve"` if the point is not on the curve,
 * `undefined` if it is on the curve.
 */
export function pointFault(name: EcKeyCurveName, point: Uint8Array): "form" | "curve" | undefined {
  const [width, p, b] = equations[name];
  if (point.length !== 1 + 2 * width || point[0] !== 4) return "form";
  const x = toNumber(point.subarray(1, 1 + width));
  const y = toNumber(point.subarray(1 + width));
  const isOnCurve = x < p && y < p && (y * y - x * x * x + 3n * x - b) % p === 0n;
  return isOnCurve ? undefined : "curve";
}
