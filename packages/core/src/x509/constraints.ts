/**
 * Name constraints, RFC 5280 §4.2.1.10: the names that certificates under a CA may have. Some CAs write DNS constraints
 * with a leading dot, which the RFC does not define; they cover only sub-domains. This file imports no code. A page
 * loads it only if a certificate has name constraints. If it shared code with the first load, a bundler would move that
 * code into a separate file.
 * @module
 */
import type { Certificate, NameConstraints } from "./certificate.ts";
import type { GeneralName } from "./generalName.ts";
import type { dnsName, parseReference } from "./name.ts";

/** The functions of `name.ts` that this file needs. */
interface NameReaders {
  readonly dnsName: typeof dnsName;
  readonly parseReference: typeof parseReference;
}

const emailAddress = "1.2.840.113549.1.9.1";

/**
 * The names of a certificate that constraints apply to: its subjectAltNames, its subject, and the subject's e-mail
 * addresses if subjectAltName has no such address.
 */
export function constrainedNames(certificate: Certificate): GeneralName[] {
  const { subject, subjectAltNames } = certificate;
  const names: GeneralName[] = [...subjectAltNames.all];
  if (subject.normalised) names.push({ type: "directory", value: subject });
  if (!subjectAltNames.email.length) {
    for (const { type, value } of subject.attributes) if (type === emailAddress) names.push({ type: "email", value });
  }
  return names;
}

/** The reason why the constraints do not allow one of the names; `undefined` if they allow all names. */
export function violation(
  names: readonly GeneralName[],
  constraints: NameConstraints,
  read: NameReaders,
): string | undefined {
  const subtrees = [constraints.permitted, constraints.excluded].flatMap((list, isExcluded) =>
    list.map((subtree) => ({
      form: formOf(subtree),
      prefix: keyOf(subtree, true, read),
      hasLeadingDot: subtree.type === "dns" && subtree.value.startsWith("."),
      isExcluded,
    })),
  );
  for (const name of names) {
    const [form, key] = [formOf(name), keyOf(name, false, read)];
    let excluded = false;
    let permitted: boolean | undefined;
    for (const { form: subtreeForm, prefix, hasLeadingDot, isExcluded } of subtrees) {
      if (subtreeForm !== form) continue;
      if (key === undefined || prefix === undefined) return `${describe(name)} cannot be checked`;
      const within = startsWith(key, prefix) && !(hasLeadingDot && key === prefix);
      if (isExcluded)
        excluded ||= within || (!hasLeadingDot && key.endsWith("*.") && isParent(key.slice(0, -2), prefix));
      else permitted ||= within;
    }
    if (excluded) return `${describe(name)} is excluded`;
    if (permitted === false) return `${describe(name)} is not permitted`;
  }
  return undefined;
}

const formOf = (name: GeneralName): string => name.type + (name.type === "other" ? name.tag : "");

/** True if `below` is one label longer than `key`: `*.example.com` means bar.example.com, not foo.bar.example.com. */
const isParent = (key: string, below: string): boolean =>
  startsWith(below, key) && below.indexOf(".", key.length) === below.length - 1;

/**
 * In V8, `String.prototype.startsWith` compares character by character, and takes twenty times as long for long names
 * that begin alike.
 */
const startsWith = (text: string, prefix: string): boolean => text.slice(0, prefix.length) === prefix;

/**
 * The key of a name or a subtree. A name is within a subtree if the name's key begins with the subtree's key, except
 * that a DNS constraint with a leading dot does not cover the domain itself. `undefined` if the name or subtree is
 * malformed, of an unsupported form, or not normalised.
 */
function keyOf({ type, value }: GeneralName, isSubtree: boolean, read: NameReaders): string | undefined {
  if (type === "ip") return ipKey(value, isSubtree);
  if (type === "directory") return value.hasUnnormalised ? undefined : value.normalised;
  if (isSubtree && !value) return "";
  if (type === "dns") {
    if (isSubtree) return hostKey(value.replace(/^\./, ""), ".", read);
    return value.startsWith("*.") ? hostKey(value.slice(2), ".*.", read) : hostKey(value, ".", read);
  }
  if (type === "other") return undefined;
  if (type === "email" && (!isSubtree || value.includes("@"))) return mailboxKey(value, read);
  if (!isSubtree) return hostKey(uriHost(value, read), "@", read);
  // The rest are constraints on URIs, or on mailboxes without @. They cover all hosts below a domain, or one host.
  return value.startsWith(".") ? hostKey(value.slice(1), ".", read) : hostKey(value, "@", read);
}

/** The labels in reverse order, followed by `end`: `com.example.www` and `end` for `www.example.com`. */
const hostKey = (text: string, end: string, { dnsName }: NameReaders): string | undefined => {
  const name = dnsName(text);
  return name === undefined ? undefined : name.split(".").reverse().join(".") + end;
};

/**
 * The host of a URI. Empty if the URI has no authority (RFC 3986 §3.2), or the host is not a domain name: RFC 5280
 * §4.2.1.10 refuses such a URI under a constraint. The lengths in the pattern limit the time that it takes.
 */
function uriHost(uri: string, { parseReference }: NameReaders): string {
  const authority =
    /^[a-z][a-z0-9+.-]{0,63}:\/\/(?:[\w.~!$&'()*+,;=:%-]{0,255}@)?([\w.-]{1,253})(?::\d{0,5})?(?:[/?#]|$)/i;
  const host = authority.exec(uri)?.[1] ?? "";
  return parseReference(host)?.type === "dns" ? host : "";
}

/**
 * The length in bytes and the bits of an address; for a subtree, only the bits that its mask covers. `undefined` if the
 * length is wrong or the mask has holes.
 */
function ipKey(bytes: Uint8Array, isSubtree: boolean): string | undefined {
  const width = isSubtree ? bytes.length / 2 : bytes.length;
  if (width !== 4 && width !== 16) return undefined;
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const mask = /^(1*)0*$/.exec(bits.slice(8 * width));
  return mask ? `${width}:${bits.slice(0, isSubtree ? mask[1]?.length : 128)}` : undefined;
}

/** `com.example@me@` for `me@example.com`. Supports a Mailbox of RFC 5321 §4.1.2 without a quoted local part. */
function mailboxKey(text: string, read: NameReaders): string | undefined {
  // A mailbox has at most 64 characters, the @ sign and 253 characters.
  if (text.length > 318) return undefined;
  const at = text.indexOf("@");
  const local = text.slice(0, Math.max(0, at));
  const host = hostKey(text.slice(at + 1), "@", read);
  return host !== undefined && /^[\w!#$%&'*+\-/=?^`{|}~.]{1,64}$/.test(local) ? `${host}${local}@` : undefined;
}

const describe = (name: GeneralName): string =>
  name.type === "directory"
    ? `the name ${name.value.text}`
    : typeof name.value === "string"
      ? `the ${name.type} name ${name.value}`
      : `an ${name.type === "ip" ? "IP address" : "unsupported name"}`;
