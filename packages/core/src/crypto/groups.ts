/**
 * The members of NamedGroup that Handclasp supports, RFC 8422 §5.1.1 and RFC 7919 §2.
 * @module
 */
import { type FiniteField, ffdhe2048Field, ffdhe3072Field, ffdhe4096Field } from "./finiteField.ts";
import type { CurveName } from "./provider.ts";

/** A curve, for ECDHE. */
export interface NamedCurve {
  readonly kind: "curve";
  readonly id: number;
  readonly name: CurveName;
}

/** A finite field, for DHE. */
export interface FiniteFieldGroup {
  readonly kind: "field";
  readonly id: number;
  readonly name: "ffdhe2048" | "ffdhe3072" | "ffdhe4096";
  readonly field: FiniteField;
}

export type NamedGroup = NamedCurve | FiniteFieldGroup;

export const x25519: NamedCurve = { kind: "curve", id: 0x001d, name: "x25519" };
export const secp256r1: NamedCurve = { kind: "curve", id: 0x0017, name: "secp256r1" };
export const secp384r1: NamedCurve = { kind: "curve", id: 0x0018, name: "secp384r1" };
export const secp521r1: NamedCurve = { kind: "curve", id: 0x0019, name: "secp521r1" };

export const ffdhe2048: FiniteFieldGroup = { kind: "field", id: 0x0100, name: "ffdhe2048", field: ffdhe2048Field };
export const ffdhe3072: FiniteFieldGroup = { kind: "field", id: 0x0101, name: "ffdhe3072", field: ffdhe3072Field };
export const ffdhe4096: FiniteFieldGroup = { kind: "field", id: 0x0102, name: "ffdhe4096", field: ffdhe4096Field };

/**
 * The default groups, in order of preference. x25519 comes first: it is the fastest on every host, and its public keys
 * need no check that a point is on the curve.
 */
export const defaultGroups: readonly NamedCurve[] = [x25519, secp256r1, secp384r1, secp521r1];
/**
 * The default groups of DHE, in order of preference. ffdhe2048 comes first: it has a strength of about 103 bits, and
 * takes less time than the longer ones.
 */
export const finiteFieldGroups: readonly FiniteFieldGroup[] = [ffdhe2048, ffdhe3072, ffdhe4096];

/** True for the numbers 0x0100 to 0x01ff, which RFC 7919 §2 reserves for finite fields. */
export const isFiniteField = (id: number): boolean => id >> 8 === 1;
