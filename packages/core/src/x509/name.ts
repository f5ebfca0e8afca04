/**
 * Reference identifiers, RFC 9525: is this certificate for the name that was asked for?
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { GeneralName } from "./generalName.ts";

/** What is looked at of a certificate. */
interface Named {
  readonly subjectAltNames: { readonly all: readonly GeneralName[] };
}

/** What a reference turned out to be. */
export type ReferenceIdentifier =
  | { readonly type: "dns"; readonly value: string }
  | { readonly type: "ip"; readonly value: Uint8Array };

/** A DNS name or an IP literal (IPv6 with or without brackets), normalised; `undefined` where it is neither. */
export function parseReference(reference: string): ReferenceIdentifier | undefined {
  const ip = parseIp(reference.replace(/^\[(.*)\]$/, "$1"));
  if (ip) return { type: "ip", value: ip };
  const value = dnsName(reference.replace(/\.$/, ""));
  return value === undefined || /(^|\.)(\d+|0x[0-9a-f]*)$/.test(value) ? undefined : { type: "dns", value };
}

/**
 * How a certificate's subjectAltName names the reference: the common name never counts, and IP literals match iPAddress only.
 * @example
 * matchesReference(certificate, "www.example.com"); // "exact", "wildcard" or undefined
 */
export function matchesReference(certificate: Named, reference: string): "exact" | "wildcard" | undefined {
  const wanted = parseReference(reference);
  if (!wanted) return undefined;
  let wildcard = false;
  const parent = wanted.type === "dns" ? wanted.value.slice(wanted.value.indexOf(".") + 1) : "";
  for (const name of certificate.subjectAltNames.all) {
    if (wanted.type === "ip") {
      if (name.type === "ip" && equal(name.value, wanted.value)) return "exact";
    } else if (name.type === "dns") {
      const presented = name.value.toLowerCase();
      if (presented === wanted.value) return "exact";
      // One `*`, the whole left-most label, with two labels or more behind it.
      if (parent.includes(".") && wanted.value !== parent && presented === `*.${parent}`) wildcard = true;
    }
  }
  return wildcard ? "wildcard" : undefined;
}

/** A DNS name in lower case: LDH labels and underscores, A-labels as they are; `undefined` for anything else. */
export function dnsName(text: string): string | undefined {
  if (text.length > 253 || !/^([a-z0-9_][a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i.test(text)) return undefined;
  return text.toLowerCase();
}

/** The 4 or 16 bytes of an IP literal, `undefined` where it is none; scope identifiers are none. */
export function parseIp(text: string): Uint8Array | undefined {
  const v4 = parseIpv4(text);
  if (v4 || !text.includes(":") || text.length > 45) return v4;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (!head || (halves.length === 2 && !tail)) return undefined;
  const length = head.length + (tail?.length ?? 0);
  if (tail ? length > 14 : length !== 16) return undefined;
  const address = new Uint8Array(16);
  address.set(head);
  if (tail) address.set(tail, 16 - tail.length);
  return address;
}

/** An address as text: IPv6 as RFC 5952 says; `undefined` for a wrong length. */
export function formatIp(address: Uint8Array): string | undefined {
  if (address.length === 4) return address.join(".");
  if (address.length !== 16) return undefined;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push((((address[i] as number) << 8) | (address[i + 1] as number)).toString(16));
  let [start, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === "0") run++;
    if (run > length) [start, length] = [i, run];
  }
  if (length === 1) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

function parseIpv4(text: string): Uint8Array | undefined {
  if (!/^(\d{1,3})(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split(".");
  return parts.every((part) => Number(part) < 256 && String(Number(part)) === part)
    ? Uint8Array.from(parts, Number)
    : undefined;
}

/** Groups between colons, the last of which may be an IPv4 address; none for an empty text. */
function parseGroups(text: string, half: number, halves: readonly string[]): number[] | undefined {
  if (!text) return halves.length === 2 ? [] : undefined;
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = i === groups.length - 1 && half === halves.length - 1 ? parseIpv4(group) : undefined;
    if (v4) bytes.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255);
    else return undefined;
  }
  return bytes;
}
