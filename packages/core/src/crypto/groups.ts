/**
 * NamedGroup, RFC 8422 §5.1.1: one row each.
 * @module
 */
import type { GroupName } from "./provider.ts";

export interface NamedGroup {
  readonly id: number;
  readonly name: GroupName;
}

export const x25519: NamedGroup = { id: 0x001d, name: "x25519" };
export const secp256r1: NamedGroup = { id: 0x0017, name: "secp256r1" };
export const secp384r1: NamedGroup = { id: 0x0018, name: "secp384r1" };
export const secp521r1: NamedGroup = { id: 0x0019, name: "secp521r1" };

/** The default, in order of preference: x25519 costs least everywhere and has no invalid points. */
export const defaultGroups: readonly NamedGroup[] = [x25519, secp256r1, secp384r1, secp521r1];
