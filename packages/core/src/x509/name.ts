/**
 * Reference identifiers, RFC 9525: compares the names of a certificate with the name or address of the server that the
 * client wants.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { GeneralName } from "./generalName.ts";

/** The part of a certificate that `matchesReference` reads. */
interface Named {
  readonly subjectAltNames: { readonly all: readonly GeneralName[] };
}

/** A parsed reference identifier: a DNS name in lower case, or the 4 or 16 bytes of an IP address. */
export type ReferenceIdentifier =
  | { readonly type: "dns"; readonly value: string }
  | { readonly type: "ip"; readonly value: Uint8Array };

/** Parses a DNS name or an IP literal (IPv6 with or without brackets). Returns `undefined` for any other text. */
export function parseReference(reference: string): ReferenceIdentifier | undefined {
  const ip = parseIp(reference.replace(/^\[(.*)\]$/, "$1"));
  if (ip) return { type: "ip", value: ip };
  const value = dnsName(reference.replace(/\.$/, ""));
  return value === undefined || /(^|\.)(\d+|0x[0-9a-f]*)$/.test(value) ? undefined : { type: "dns", value };
}

/**
 * Compares a certificate's subjectAltName with the reference. Returns `undefined` if no name matches. The common name
 * never matches, and an IP literal matches only an iPAddress.
 * @example
 * matchesReference(certificate, "www.example.com"); // "exact", "wildcard" or undefined
 */
export function matchesReference(certificate: Named, reference: string): "exact" | "wildcard" | undefined {
  const identifier = parseReference(reference);
  if (!identifier) return undefined;
  let wildcard = false;
  const parent = identifier.type === "dns" ? identifier.value.slice(identifier.value.indexOf(".") + 1) : "";
  for (const name of certificate.subjectAltNames.all) {
    if (identifier.type === "ip") {
      if (name.type === "ip" && equal(name.value, identifier.value)) return "exact";
    } else if (name.type === "dns") {
      const presented = name.value.toLowerCase();
      if (presented === identifier.value) return "exact";
      // `*` must be the whole left-most label, and two labels or more must follow it.
      if (parent.includes(".") && identifier.value !== parent && presented === `*.${parent}`) wildcard = true;
    }
  }
  return wildcard ? "wildcard" : undefined;
}

/** A DNS name in lower case: labels of letters, digits, hyphens and underscores; `undefined` for any other text. */
export function dnsName(text: string): string | undefined {
  if (text.length > 253 || !/^([a-z0-9_][a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i.test(text)) return undefined;
  return text.toLowerCase();
}

/** The 4 or 16 bytes of an IP literal; `undefined` for any other text, including an address with a scope identifier. */
export function parseIp(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  if (text.length > 45) return undefined;
  // An IPv4 address at the end becomes two groups.
  const [head = [], tail, more] = text
    .replace(/[^:]+\.[^:]+$/, (last) => groupsOf(parseIpv4(last) ?? []) || last)
    .split("::")
    .map((half) => (half ? half.split(":") : []));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (more || (tail ? missing < 1 : missing)) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

/** An address as text, IPv6 in the form of RFC 5952; `undefined` for a wrong length. */
export function formatIp(address: Uint8Array): string | undefined {
  if (address.length === 4) return address.join(".");
  if (address.length !== 16) return undefined;
  const text = groupsOf(address);
  const zeros = (text.match(/\b0(:0)+\b/g) ?? []).sort((a, b) => b.length - a.length)[0];
  return zeros ? text.replace(new RegExp(`(^|:)${zeros}(:|$)`), "::") : text;
}

/** Every two bytes as a group in hex, without leading zeros. */
const groupsOf = (address: ArrayLike<number>): string =>
  Array.from({ length: address.length / 2 }, (_, i) =>
    ((address[2 * i] as number) * 256 + (address[2 * i + 1] as number)).toString(16),
  ).join(":");

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256 && String(Number(part)) === part)
    ? Uint8Array.from(parts, Number)
    : undefined;
}
