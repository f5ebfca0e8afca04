/**
 * @noble's curves for ECDSA and ECDH.
 * @module
 */
import { p256, p384, p521 } from "@noble/curves/nist.js";
import type { EcKeyCurveName } from "./provider.ts";

export type Curve = typeof p256;

export const curves: Readonly<Record<EcKeyCurveName, Curve>> = { secp256r1: p256, secp384r1: p384, secp521r1: p521 };

/**
 * True for `04 || x || y`, the only point format that RFC 8422 §5.4.1 allows. It does not check that the point is on
 * the curve.
 */
export const isUncompressed = (curve: Curve, point: Uint8Array): boolean =>
  point.length === curve.lengths.publicKeyUncompressed && point[0] === 4;
