import { describe, expect, test } from "vitest";
import { curves } from "../../src/crypto/curves.ts";
import { pointFault } from "../../src/crypto/equations.ts";
import type { EcKeyCurveName } from "../../src/crypto/provider.ts";

describe.each(Object.keys(curves) as EcKeyCurveName[])("the equation of %s", (name) => {
  const curve = curves[name];
  const { BASE } = curve.Point;
  const points = [1n, 2n, 3n, 123_456_789n].map((k) => BASE.multiply(k));

  test("holds for points of the curve and for their negatives", () => {
    for (const point of points)
      for (const signed of [point, point.negate()]) expect(pointFault(name, signed.toBytes(false))).toBeUndefined();
  });
  test("does not hold with a bit changed, with x and y exchanged, or for zeros", () => {
    const bytes = BASE.toBytes(false);
    for (let i = 1; i < bytes.length; i++)
      expect(
        pointFault(
          name,
          bytes.map((byte, j) => (i === j ? byte ^ 1 : byte)),
        ),
      ).toBe("curve");
    const half = (bytes.length - 1) / 2;
    expect(pointFault(name, Uint8Array.of(4, ...bytes.subarray(1 + half), ...bytes.subarray(1, 1 + half)))).toBe(
      "curve",
    );
    expect(pointFault(name, Uint8Array.of(4, ...new Uint8Array(2 * half)))).toBe("curve");
  });
  test("does not hold for coordinates that are not reduced", () => {
    // x + p fits into a coordinate only on P-521. On all three curves, p as a coordinate would be zero.
    const { p } = curve.Point.CURVE();
    const { x, y } = BASE.toAffine();
    const half = (BASE.toBytes(false).length - 1) / 2;
    const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * half, "0"), "hex");
    if ((x + p).toString(16).length <= 2 * half)
      expect(pointFault(name, Uint8Array.of(4, ...bytes(x + p), ...bytes(y)))).toBe("curve");
    expect(pointFault(name, Uint8Array.of(4, ...bytes(p), ...bytes(p)))).toBe("curve");
  });
  test("is not evaluated for a point in another encoding", () => {
    const bytes = BASE.toBytes(false);
    for (const other of [
      BASE.toBytes(true),
      bytes.subarray(1),
      Uint8Array.of(6, ...bytes.subarray(1)),
      new Uint8Array(0),
    ])
      expect(pointFault(name, other)).toBe("form");
  });
});
