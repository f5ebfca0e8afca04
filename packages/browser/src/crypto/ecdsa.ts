/**
 * Converts ECDSA signatures: WebCrypto uses r || s, each as long as a coordinate of the curve (IEEE P1363), and TLS
 * uses DER.
 * @module
 */

import type { EcKeyCurveName } from "@handclasp/core/client";
import { derElement, derInteger } from "@handclasp/core/unstable";

/** The curves' names in WebCrypto, and the length in bytes of a coordinate, of r and of s. */
export const curves: Readonly<Record<EcKeyCurveName, { readonly name: string; readonly width: number }>> = {
  secp256r1: { name: "P-256", width: 32 },
  secp384r1: { name: "P-384", width: 48 },
  secp521r1: { name: "P-521", width: 66 },
};

/** True for `04 || x || y` with coordinates of that curve's length, the only form that TLS allows (RFC 8422 §5.1.2). */
export const isUncompressed = (point: Uint8Array, curve: EcKeyCurveName): boolean =>
  point.length === 1 + 2 * curves[curve].width && point[0] === 4;

/**
 * The range of the contents of a DER element, or `undefined` if it has another tag or is truncated, or if its length is
 * not in DER's only valid encoding or exceeds 255. A P-521 signature has at most 139 bytes.
 */
function contentsOf(der: Uint8Array, offset: number, tag: number): { start: number; end: number } | undefined {
  if (der[offset] !== tag) return undefined;
  const first = der[offset + 1];
  if (first === undefined || first > 0x81) return undefined;
  const isLong = first === 0x81;
  const length = isLong ? der[offset + 2] : first;
  if (length === undefined || first === 0x80 || (isLong && length < 0x80)) return undefined;
  const start = offset + (isLong ? 3 : 2);
  return start + length <= der.length ? { start, end: start + length } : undefined;
}

/** Converts Ecdsa-Sig-Value to r || s. `undefined` if it is not DER, or if r or s is negative or too long. */
export function signatureFromDer(der: Uint8Array, width: number): Uint8Array | undefined {
  const outer = contentsOf(der, 0, 0x30);
  if (outer?.end !== der.length) return undefined;
  const raw = new Uint8Array(2 * width);
  let offset = outer.start;
  for (const end of [width, 2 * width]) {
    const integer = contentsOf(der, offset, 0x02);
    if (!integer) return undefined;
    let value = der.subarray(integer.start, integer.end);
    const [first, second] = value;
    if (first === undefined || first >= 0x80) return undefined;
    if (first === 0 && second !== undefined) {
      if (second < 0x80) return undefined;
      value = value.subarray(1);
    }
    if (value.length > width) return undefined;
    raw.set(value, end - value.length);
    offset = integer.end;
  }
  return offset === der.length ? raw : undefined;
}

/** Converts r || s to Ecdsa-Sig-Value. */
export function signatureToDer(raw: Uint8Array): Uint8Array {
  const width = raw.length / 2;
  return derElement(0x30, derInteger(raw.subarray(0, width)), derInteger(raw.subarray(width)));
}
