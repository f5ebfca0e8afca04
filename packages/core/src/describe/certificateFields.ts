/**
 * The fields of a certificate with their positions, and the certificate in readable form.
 * @module
 */
import { Der, tags } from "../bytes/der.ts";
import type { Decoded } from "../trace.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import type { Field } from "./field.ts";
import { extensionNames, purposeNames, signatureNames } from "./oids.ts";

/**
 * Returns the fields of a certificate (RFC 5280 §4.1). The tag and the length of a field have its path, with
 * `isLength`.
 * If the certificate is malformed, the fields before the mistake.
 * @param certificate the DER
 */
export function certificateFields(certificate: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  const walk = new Walk(certificate, fields, textsOf(certificate));
  try {
    const outer = walk.enter(new Der(certificate), "certificate", "§4.1");
    const tbs = walk.enter(outer, "tbsCertificate", "§4.1.1.1");
    if (tbs.tag === 0xa0) walk.field(tbs, "version", "§4.1.2.1");
    walk.field(tbs, "serialNumber", "§4.1.2.2");
    walk.field(tbs, "signature", "§4.1.2.3");
    walk.field(tbs, "issuer", "§4.1.2.4");
    const validity = walk.enter(tbs, "validity", "§4.1.2.5");
    walk.field(validity, "notBefore", "§4.1.2.5");
    walk.field(validity, "notAfter", "§4.1.2.5");
    walk.field(tbs, "subject", "§4.1.2.6");
    walk.field(tbs, "subjectPublicKeyInfo", "§4.1.2.7");
    if (tbs.tag === 0x81) walk.field(tbs, "issuerUniqueID", "§4.1.2.8");
    if (tbs.tag === 0x82) walk.field(tbs, "subjectUniqueID", "§4.1.2.8");
    if (tbs.tag === 0xa3) {
      const list = walk.enter(walk.enter(tbs, "extensions", "§4.1.2.9"), "extensions", "§4.1.2.9");
      while (list.hasMore) walk.extension(list);
    }
    walk.field(outer, "signatureAlgorithm", "§4.1.1.2");
    walk.field(outer, "signatureValue", "§4.1.1.3");
  } catch {
    // The bytes after the mistake have no more exact field than those that contain them.
  }
  return fields;
}

/** Reads elements, and notes where they are. */
class Walk {
  readonly #certificate: Uint8Array;
  readonly #fields: Field[];
  readonly #texts: Readonly<Record<string, string>>;

  constructor(certificate: Uint8Array, fields: Field[], texts: Readonly<Record<string, string>>) {
    this.#certificate = certificate;
    this.#fields = fields;
    this.#texts = texts;
  }

  /** Notes the next element and its header. */
  field(reader: Der, path: string, section: string, value: string | undefined = this.#texts[path]): Uint8Array {
    const element = reader.element(reader.tag ?? -1);
    const contents = new Der(element).contents(element[0] ?? -1);
    const start = element.byteOffset - this.#certificate.byteOffset;
    const contentStart = start + element.length - contents.length;
    const place = `RFC 5280 ${section}`;
    this.#fields.push(
      {
        path,
        isLength: false,
        start,
        end: start + element.length,
        section: place,
        ...(value !== undefined && { value }),
      },
      { path, isLength: true, start, end: contentStart, section: place },
    );
    return contents;
  }

  enter(reader: Der, path: string, section: string): Der {
    return new Der(this.field(reader, path, section));
  }

  /** The path of an extension is `extensions.` and its name. */
  extension(list: Der): void {
    const element = list.element(tags.sequence);
    const oid = new Der(element).sequence((inner) => {
      const id = inner.oid();
      inner.skip();
      return id;
    });
    const [name = oid, section = "§4.2"] = extensionNames[oid] ?? [];
    this.field(new Der(element), `extensions.${name}`, section, this.#texts[name]);
  }
}

/** The readable values of the fields that are not structures. */
function textsOf(bytes: Uint8Array): Readonly<Record<string, string>> {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(bytes);
  } catch {
    return {};
  }
  const { subjectKeyIdentifier, authorityKeyIdentifier, ...described } = describeCertificate(certificate);
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(described))
    if (value !== null) texts[name] = Array.isArray(value) ? value.join(", ") : `${value as string | number | boolean}`;
  return {
    ...texts,
    signature: described.signatureAlgorithm,
    subjectPublicKeyInfo: described.publicKey,
    extKeyUsage: texts.extendedKeyUsage ?? "",
    subjectAltName: texts.subjectAltNames ?? "",
    basicConstraints: texts.basicConstraints ?? "",
    ...(subjectKeyIdentifier !== null && { subjectKeyIdentifier }),
    ...(authorityKeyIdentifier !== null && { authorityKeyIdentifier }),
  };
}

/** A certificate in readable form. */
export interface DescribedCertificate {
  readonly [field: string]: Decoded;
  readonly version: number;
  readonly serialNumber: string;
  readonly issuer: string;
  /** The first second of validity, as in `2026-01-31T00:00:00Z`. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly subject: string;
  /** The kind and size of the key, such as `RSA, 2048 bits`. */
  readonly publicKey: string;
  readonly subjectAltNames: readonly string[];
  readonly keyUsage: readonly string[] | null;
  readonly extendedKeyUsage: readonly string[] | null;
  readonly basicConstraints: string;
  readonly subjectKeyIdentifier: string | null;
  readonly authorityKeyIdentifier: string | null;
  /** The names of all extensions. Critical ones end in ` (critical)`. */
  readonly extensions: readonly string[];
  readonly signatureAlgorithm: string;
  /** The SHA-256 of the certificate, as in `AB:CD:…`. */
  readonly fingerprint: string;
}

/**
 * Returns a certificate in readable form. The peer chose the names in it, so escape them before you display them.
 * @example
 * const { subject, notAfter, publicKey } = describeCertificate(parseCertificate(der));
 */
export function describeCertificate(certificate: Certificate): DescribedCertificate {
  const { subjectAltNames: names, publicKey, keyBits, keyUsage, extendedKeyUsage, isCa, pathLen } = certificate;
  const kinds = { rsa: `RSA, ${keyBits} bits`, ec: publicKey.type === "ec" ? publicKey.curve : "", ed25519: "Ed25519" };
  return {
    version: certificate.version,
    serialNumber: certificate.serialNumber,
    issuer: certificate.issuer.text,
    notBefore: timeText(certificate.notBefore),
    notAfter: timeText(certificate.notAfter),
    subject: certificate.subject.text,
    publicKey: kinds[publicKey.type],
    subjectAltNames: [
      ...names.dns.map((name) => `DNS ${name}`),
      ...names.ip.map((name) => `IP ${name}`),
      ...names.email.map((name) => `email ${name}`),
      ...names.uri.map((name) => `URI ${name}`),
    ],
    keyUsage: keyUsage ? [...keyUsage] : null,
    extendedKeyUsage: extendedKeyUsage?.map((oid) => purposeNames[oid] ?? oid) ?? null,
    basicConstraints: isCa ? `CA${pathLen === undefined ? "" : `, at most ${pathLen} below it`}` : "not a CA",
    subjectKeyIdentifier: certificate.subjectKeyIdentifier ?? null,
    authorityKeyIdentifier: certificate.authorityKeyIdentifier ?? null,
    extensions: Array.from(
      certificate.extensions,
      ([oid, { critical }]) => `${extensionNames[oid]?.[0] ?? oid}${critical ? " (critical)" : ""}`,
    ),
    signatureAlgorithm: signatureNames[certificate.signatureAlgorithmOid] ?? certificate.signatureAlgorithmOid,
    fingerprint: certificate.fingerprint,
  };
}

const timeText = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
