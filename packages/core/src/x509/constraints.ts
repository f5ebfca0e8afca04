/**
 * Name constraints, RFC 5280 §4.2.1.10: which names the certificates under a CA may have.
 * @module
 */
import type { Certificate, NameConstraints } from "./certificate.ts";
import { withinSubtree } from "./distinguishedName.ts";
import type { GeneralName } from "./generalName.ts";
import { dnsName } from "./name.ts";

const emailAddress = "1.2.840.113549.1.9.1";

/** The names of a certificate that constraints apply to: its subject, its subjectAltNames, and the subject's addresses where it has no other. */
export function constrainedNames(certificate: Certificate): GeneralName[] {
  const { subject, subjectAltNames } = certificate;
  const names: GeneralName[] = [...subjectAltNames.all];
  if (subject.rdns.length) names.push({ type: "directory", value: subject });
  if (!subjectAltNames.email.length) {
    for (const { type, value } of subject.attributes) if (type === emailAddress) names.push({ type: "email", value });
  }
  return names;
}

/** The first of the names that the constraints do not allow, and why; `undefined` where they allow them all. */
export function violation(names: readonly GeneralName[], constraints: NameConstraints): string | undefined {
  for (const name of names) {
    const relations = (subtrees: readonly GeneralName[]) =>
      subtrees.filter((subtree) => sameForm(subtree, name)).map((subtree) => relate(name, subtree));
    const inside = relations(constraints.permitted);
    const outside = relations(constraints.excluded);
    if ([...inside, ...outside].includes("unknown")) return `${show(name)} or a constraint on it cannot be processed`;
    if (outside.some((relation) => relation !== "apart")) return `${show(name)} is excluded`;
    if (inside.length && !inside.includes("within")) return `${show(name)} is not permitted`;
  }
  return undefined;
}

const sameForm = (a: GeneralName, b: GeneralName): boolean =>
  a.type === b.type && (a.type !== "other" || a.tag === (b as typeof a).tag);

/** `overlap`: a wildcard that stands for names on both sides. `unknown`: malformed, or a form that is not processed. */
type Relation = "within" | "overlap" | "apart" | "unknown";

function relate(name: GeneralName, subtree: GeneralName): Relation {
  if (name.type === "dns" && subtree.type === "dns") return relateDns(name.value, subtree.value);
  if (name.type === "ip" && subtree.type === "ip") return relateIp(name.value, subtree.value);
  if (name.type === "email" && subtree.type === "email") return relateEmail(name.value, subtree.value);
  if (name.type === "directory" && subtree.type === "directory")
    return withinSubtree(name.value, subtree.value) ? "within" : "apart";
  return "unknown";
}

function relateDns(text: string, constraint: string): Relation {
  const wildcard = text.startsWith("*.");
  const name = dnsName(wildcard ? text.slice(2) : text);
  if (name === undefined) return "unknown";
  if (!constraint) return "within";
  const base = dnsName(constraint);
  if (base === undefined) return "unknown";
  if (name === base || name.endsWith(`.${base}`)) return "within";
  // `*.example.com` stands for bar.example.com, and not for foo.bar.example.com.
  return wildcard && base.slice(base.indexOf(".") + 1) === name && base !== name ? "overlap" : "apart";
}

function relateIp(address: Uint8Array, constraint: Uint8Array): Relation {
  const width = constraint.length / 2;
  if ((address.length !== 4 && address.length !== 16) || (width !== 4 && width !== 16)) return "unknown";
  const mask = constraint.subarray(width);
  let bits = "";
  for (const byte of mask) bits += byte.toString(2).padStart(8, "0");
  if (bits.includes("01")) return "unknown";
  if (address.length !== width) return "apart";
  return mask.every((m, i) => (((address[i] as number) ^ (constraint[i] as number)) & m) === 0) ? "within" : "apart";
}

function relateEmail(text: string, constraint: string): Relation {
  const name = mailbox(text);
  if (!name) return "unknown";
  if (!constraint) return "within";
  if (constraint.includes("@")) {
    const only = mailbox(constraint);
    return only ? inside(only.local === name.local && only.host === name.host) : "unknown";
  }
  const host = dnsName(constraint.replace(/^\./, ""));
  if (host === undefined) return "unknown";
  return inside(constraint.startsWith(".") ? name.host.endsWith(`.${host}`) : name.host === host);
}

const inside = (is: boolean): Relation => (is ? "within" : "apart");

/** A Mailbox of RFC 5321 §4.1.2, quoted local parts apart. */
function mailbox(text: string): { local: string; host: string } | undefined {
  // 64, the sign and 253: no comparison takes longer than a longest name does.
  if (text.length > 318) return undefined;
  const at = text.indexOf("@");
  const local = text.slice(0, Math.max(0, at));
  const host = dnsName(text.slice(at + 1));
  return host !== undefined && /^[\w!#$%&'*+\-/=?^`{|}~.]{1,64}$/.test(local) ? { local, host } : undefined;
}

const show = (name: GeneralName): string =>
  name.type === "directory"
    ? `the name ${name.value.text}`
    : typeof name.value === "string"
      ? `the ${name.type} name ${name.value}`
      : `an ${name.type} name`;
