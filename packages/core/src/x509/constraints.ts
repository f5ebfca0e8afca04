/**
 * Name constraints, RFC 5280 §4.2.1.10: which names the certificates under a CA may have. A DNS constraint with a leading dot, which the RFC does not
 * have and CAs write, takes sub-domains only. It imports nothing: a page loads it where it meets a constraint, and bundlers would cut what it shares with
 * the first load out of that.
 * @module
 */
import type { Certificate, NameConstraints } from "./certificate.ts";
import type { GeneralName } from "./generalName.ts";
import type { dnsName, parseReference } from "./name.ts";

/** Of name.ts. */
interface NameReaders {
  readonly dnsName: typeof dnsName;
  readonly parseReference: typeof parseReference;
}

const emailAddress = "1.2.840.113549.1.9.1";

/** The names of a certificate that constraints apply to: its subject, its subjectAltNames, and the subject's addresses where it has no other. */
export function constrainedNames(certificate: Certificate): GeneralName[] {
  const { subject, subjectAltNames } = certificate;
  const names: GeneralName[] = [...subjectAltNames.all];
  if (subject.normalised) names.push({ type: "directory", value: subject });
  if (!subjectAltNames.email.length) {
    for (const { type, value } of subject.attributes) if (type === emailAddress) names.push({ type: "email", value });
  }
  return names;
}

/** The first of the names that the constraints do not allow, and why; `undefined` where they allow them all. */
export function violation(
  names: readonly GeneralName[],
  constraints: NameConstraints,
  read: NameReaders,
): string | undefined {
  const subtrees = [constraints.permitted, constraints.excluded].flatMap((list, isExcluded) =>
    list.map((subtree) => ({
      form: formOf(subtree),
      start: keyOf(subtree, true, read),
      isBelow: subtree.type === "dns" && subtree.value.startsWith("."),
      isExcluded,
    })),
  );
  for (const name of names) {
    const [form, key] = [formOf(name), keyOf(name, false, read)];
    let excluded = false;
    let permitted: boolean | undefined;
    for (const { form: its, start, isBelow, isExcluded } of subtrees) {
      if (its !== form) continue;
      if (key === undefined || start === undefined) return `${show(name)} or a constraint on it cannot be processed`;
      const within = startsWith(key, start) && !(isBelow && key === start);
      if (isExcluded) excluded ||= within || (!isBelow && key.endsWith("*.") && isParent(key.slice(0, -2), start));
      else permitted ||= within;
    }
    if (excluded) return `${show(name)} is excluded`;
    if (permitted === false) return `${show(name)} is not permitted`;
  }
  return undefined;
}

const formOf = (name: GeneralName): string => name.type + (name.type === "other" ? name.tag : "");

/** `*.example.com` stands for bar.example.com, and not for foo.bar.example.com. */
const isParent = (key: string, below: string): boolean =>
  startsWith(below, key) && below.indexOf(".", key.length) === below.length - 1;

/** V8's own goes character by character: on long names that begin alike it takes twenty times as long. */
const startsWith = (text: string, start: string): boolean => text.slice(0, start.length) === start;

/** A name lies in a subtree where its key begins with the subtree's; `undefined`: malformed, or a form that is not processed. */
function keyOf({ type, value }: GeneralName, isSubtree: boolean, read: NameReaders): string | undefined {
  if (type === "ip") return ipKey(value, isSubtree);
  if (type === "directory") return value.isExact ? undefined : value.normalised;
  if (isSubtree && !value) return "";
  if (type === "dns") {
    if (isSubtree) return hostKey(value.replace(/^\./, ""), ".", read);
    return value.startsWith("*.") ? hostKey(value.slice(2), ".*.", read) : hostKey(value, ".", read);
  }
  if (type === "other") return undefined;
  if (type === "email" && (!isSubtree || value.includes("@"))) return mailboxKey(value, read);
  if (!isSubtree) return hostKey(uriHost(value, read), "@", read);
  // All hosts below a domain, or one host: of mailboxes, or of URIs.
  return value.startsWith(".") ? hostKey(value.slice(1), ".", read) : hostKey(value, "@", read);
}

/** `com.example.www` and what ends it, of `www.example.com`. */
const hostKey = (text: string, end: string, { dnsName }: NameReaders): string | undefined => {
  const name = dnsName(text);
  return name === undefined ? undefined : name.split(".").reverse().join(".") + end;
};

/**
 * The host of a URI with an authority, RFC 3986 §3.2: nothing where it is no domain name, which RFC 5280 §4.2.1.10 refuses under a constraint.
 * The lengths bound the work.
 */
function uriHost(uri: string, { parseReference }: NameReaders): string {
  const authority =
    /^[a-z][a-z0-9+.-]{0,63}:\/\/(?:[\w.~!$&'()*+,;=:%-]{0,255}@)?([\w.-]{1,253})(?::\d{0,5})?(?:[/?#]|$)/i;
  const host = authority.exec(uri)?.[1] ?? "";
  return parseReference(host)?.type === "dns" ? host : "";
}

/** The width and the bits, of a subtree those that its mask leaves; `undefined` for a mask with holes. */
function ipKey(bytes: Uint8Array, isSubtree: boolean): string | undefined {
  const width = isSubtree ? bytes.length / 2 : bytes.length;
  if (width !== 4 && width !== 16) return undefined;
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const mask = /^(1*)0*$/.exec(bits.slice(8 * width));
  return mask ? `${width}:${bits.slice(0, isSubtree ? mask[1]?.length : 128)}` : undefined;
}

/** `com.example@me@` of `me@example.com`: a Mailbox of RFC 5321 §4.1.2, quoted local parts apart. */
function mailboxKey(text: string, read: NameReaders): string | undefined {
  // 64, the sign and 253: longer ones are none.
  if (text.length > 318) return undefined;
  const at = text.indexOf("@");
  const local = text.slice(0, Math.max(0, at));
  const host = hostKey(text.slice(at + 1), "@", read);
  return host !== undefined && /^[\w!#$%&'*+\-/=?^`{|}~.]{1,64}$/.test(local) ? `${host}${local}@` : undefined;
}

const show = (name: GeneralName): string =>
  name.type === "directory"
    ? `the name ${name.value.text}`
    : typeof name.value === "string"
      ? `the ${name.type} name ${name.value}`
      : `an ${name.type} name`;
