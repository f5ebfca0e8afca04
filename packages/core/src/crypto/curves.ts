/**
 * The curves of ECDSA and ECDH, as @noble has them.
 * @module
 */
import { p256, p384, p521 } from "@noble/curves/nist.js";
import type { EcCurveName } from "./provider.ts";

export type Curve = typeof p256;

export const curves: Readonly<Record<EcCurveName, Curve>> = { secp256r1: p256, secp384r1: p384, secp521r1: p521 };

/** RFC 8422 §5.4.1: `04 || x || y`, and nothing else. That it lies on the curve is another question. */
export const isUncompressed = (curve: Curve, point: Uint8Array): boolean =>
  point.length === curve.lengths.publicKeyUncompressed && point[0] === 4;
