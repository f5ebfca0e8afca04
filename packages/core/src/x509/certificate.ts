/**
 * X.509 certificates, RFC 5280 §4: parsed strictly, once, into what everything else reads.
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes/bytes.ts";
import { equal, toBase64, toHex } from "../bytes/bytes.ts";
import { type Allowance, type Der, der, derFault, ia5, sequence, tags } from "../bytes/der.ts";
import type { PublicKey, SignatureAlgorithm } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { maxCertificate } from "../limits.ts";
import { type Name, readName } from "./distinguishedName.ts";
import { CertificateError, type CertificateFault } from "./errors.ts";
import { type GeneralName, readGeneralName, readGeneralNames } from "./generalName.ts";
import { readPublicKey, readSignatureAlgorithm, type SignatureHash } from "./key.ts";
import { formatIp } from "./name.ts";

/** Bits of keyUsage, RFC 5280 §4.2.1.3, in order. */
export const keyUsages = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsage = (typeof keyUsages)[number];

export interface Extension {
  readonly critical: boolean;
  /** The DER inside extnValue. */
  readonly value: Bytes;
}

/** Subtrees of nameConstraints, RFC 5280 §4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface SubjectAltNames {
  readonly dns: readonly string[];
  /** As text; an iPAddress of a wrong length is left out. */
  readonly ip: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  /** All of them as they are, in order. */
  readonly all: readonly GeneralName[];
}

/** A certificate, parsed. Being parsed says nothing about being trusted: that is a VerifiedPeer. */
export interface Certificate {
  /** The whole certificate. */
  readonly raw: Bytes;
  /** The SHA-256 of the whole certificate as tools print it: `AB:CD:…`. */
  readonly fingerprint: string;
  /** `"sha256/"` and the base64 of the SHA-256 of the SubjectPublicKeyInfo: what a pin is (RFC 7469 §2.4). */
  readonly pin: string;
  readonly version: 1 | 2 | 3;
  /** Hex. */
  readonly serialNumber: string;
  readonly issuer: Name;
  readonly subject: Name;
  /** Inclusive, ms since 1970. */
  readonly notBefore: number;
  /** Inclusive to the end of its second, ms since 1970. */
  readonly notAfter: number;
  /** SubjectPublicKeyInfo. */
  readonly spki: Bytes;
  readonly publicKey: PublicKey;
  /** The size of the key: RSA's modulus, the curve's field; 256 for Ed25519. */
  readonly keyBits: number;
  /** The one hash that an id-RSASSA-PSS key restricts itself to. */
  readonly pssHash: SignatureHash | undefined;
  /** What it is signed with; `undefined` for what is not accepted, such as SHA-1. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signature: Bytes;
  /** TBSCertificate, which the signature is over. */
  readonly tbs: Bytes;
  /** By dotted OID. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly subjectAltNames: SubjectAltNames;
  /** `undefined` where the extension is absent, which allows everything. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Dotted OIDs; `undefined` where the extension is absent, which allows everything. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly isCa: boolean;
  readonly pathLen: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** requireExplicitPolicy of policyConstraints (RFC 5280 §4.2.1.11): so many certificates below need no policy yet. */
  readonly requireExplicitPolicy: number | undefined;
  /** Extensions that a server with this certificate answers where a client offers them, RFC 7633: 5 (status_request) is "must-staple". */
  readonly tlsFeatures: readonly number[] | undefined;
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
}

/**
 * Extensions that are processed, by path validation or (tlsFeature) by the handshake; any other that is critical is fatal on the path.
 * Policies are processed where no certificate of the path requires an explicit one: then RFC 5280 §6.1 fails no path because of them. CRLs are not fetched.
 */
export const processedExtensions = {
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  cRLDistributionPoints: "2.5.29.31",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  policyConstraints: "2.5.29.36",
  extKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  tlsFeature: "1.3.6.1.5.5.7.1.24",
} as const;

/** Others that are read. */
const otherExtensions = {
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
} as const;
const oids = { ...processedExtensions, ...otherExtensions } as const;
const anyPolicy = "2.5.29.32.0";

/** What is known of a certificate before it is read to its end: for errors. */
interface Place {
  readonly position: number | undefined;
  subject?: string;
  /** The part that is being read, as RFC 5280 §4.1 or §4.2 calls it. */
  field?: string;
}

/**
 * Reads one DER certificate. Throws a CertificateError: `"malformed"`, `"weak_key"` for a key that is not accepted, or `"budget"` beyond the allowance.
 * @example
 * const { subject, notAfter } = parseCertificate(der);
 */
export function parseCertificate(raw: Uint8Array, position?: number, allowance?: Allowance): Certificate {
  const place: Place = { position };
  try {
    if (raw.length > maxCertificate) derFault(`${raw.length} bytes, more than ${maxCertificate}`);
    return sequence(raw, (reader) => readCertificate(raw, reader, place), allowance);
  } catch (error) {
    if (!TlsError.is(error) || error instanceof CertificateError) throw error;
    const reason = place.field ? `${place.field}: ${error.message}` : error.message;
    throw new CertificateError(error.code as CertificateFault, reason, place, { cause: error });
  }
}

function readCertificate(raw: Uint8Array, reader: Der, place: Place): Certificate {
  const at = <T>(field: string, read: () => T): T => {
    place.field = field;
    return read();
  };
  const tbs = at("tbsCertificate", () => reader.element(tags.sequence));
  const outerAlgorithm = at("signatureAlgorithm", () => reader.element(tags.sequence));
  const signature = at("signatureValue", () => reader.octets());
  return sequence(
    tbs,
    (body): Certificate => {
      // In the order of TBSCertificate: what reads also moves on.
      const version = at("version", () => body.optional(0xa0, readVersion)) ?? 1;
      const serialNumber = at("serialNumber", () => toHex(body.integer()));
      const signatureReading = at("signature", () => {
        if (!equal(body.element(tags.sequence), outerAlgorithm)) derFault("signature and signatureAlgorithm differ");
        return readSignatureAlgorithm(outerAlgorithm);
      });
      const issuer = at("issuer", () => readName(body));
      const [notBefore, notAfter] = at("validity", () =>
        body.sequence((validity) => [readTime(validity), readTime(validity)] as const),
      );
      const subject = at("subject", () => readName(body));
      place.subject = subject.text;
      const spki = at("subjectPublicKeyInfo", () => body.element(tags.sequence));
      const extensions = at("extensions", () => {
        if (version > 1)
          for (const uniqueIdentifier of [0x81, 0x82]) if (body.tag === uniqueIdentifier) body.bits(uniqueIdentifier);
        const list = (version > 2 && body.optional(0xa3, readExtensions)) || new Map<string, Extension>();
        body.end();
        return list;
      });
      const known = <T>(name: keyof typeof oids, read: (value: Der) => T): T | undefined => {
        const extension = extensions.get(oids[name]);
        return extension && at(name, () => der(extension.value, read, reader.allowance));
      };
      known("authorityInfoAccess", readAccessDescriptions);
      known("cRLDistributionPoints", (value) => value.many(tags.sequence, (list) => list.contents(tags.sequence)));
      known("certificatePolicies", readPolicies);
      known("policyMappings", readPolicyMappings);
      known("inhibitAnyPolicy", (value) => value.small());
      return {
        raw: raw as Bytes,
        get fingerprint() {
          return toHex(sha256(raw))
            .toUpperCase()
            .replace(/..(?=.)/g, "$&:");
        },
        get pin() {
          return `sha256/${toBase64(sha256(spki))}`;
        },
        version,
        serialNumber,
        issuer,
        subject,
        notBefore,
        notAfter,
        spki,
        ...signatureReading,
        signature,
        tbs,
        extensions,
        subjectAltNames: sortNames(known("subjectAltName", readGeneralNames) ?? []),
        keyUsage: known("keyUsage", readKeyUsage),
        extendedKeyUsage: known("extKeyUsage", (value) => value.many(tags.sequence, (inner) => inner.oid())),
        ...(known("basicConstraints", readBasicConstraints) ?? { isCa: false, pathLen: undefined }),
        nameConstraints: known("nameConstraints", readNameConstraints),
        requireExplicitPolicy: known("policyConstraints", readPolicyConstraints),
        tlsFeatures: known("tlsFeature", (value) => value.many(tags.sequence, (inner) => inner.small())),
        subjectKeyIdentifier: known("subjectKeyIdentifier", (value) => toHex(value.contents(tags.octetString))),
        authorityKeyIdentifier: known("authorityKeyIdentifier", readAuthorityKeyIdentifier),
        // Last: a certificate that is malformed as well is malformed first.
        ...at("subjectPublicKeyInfo", () => readPublicKey(spki)),
      };
    },
    reader.allowance,
  );
}

function readVersion(reader: Der): 2 | 3 {
  const version = reader.small();
  return version === 1 ? 2 : version === 2 ? 3 : derFault("version neither v2 nor v3 (v1 is left out)");
}

/** UTCTime or GeneralizedTime with seconds and `Z`, RFC 5280 §4.1.2.5; ms since 1970. */
export function readTime(reader: Der): number {
  const utc = reader.tag === tags.utcTime;
  const text = ia5(reader.contents(utc ? tags.utcTime : tags.generalizedTime));
  const full = utc ? (text < "5" ? "20" : "19") + text : text;
  const iso = full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = Date.parse(iso);
  // What does not exist (30 February, 24 o'clock) is no time, or comes back as another.
  if (iso === full || Number.isNaN(time) || new Date(time).toISOString() !== iso)
    derFault(`no such time: ${text.slice(0, 20)}`);
  return time;
}

/** Extensions, RFC 5280 §4.1; by dotted OID. */
export function readExtensions(reader: Der): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  reader.many(tags.sequence, (list) =>
    list.sequence((extension) => {
      const oid = extension.oid();
      if (extensions.has(oid)) derFault(`the extension ${oid} twice`);
      extensions.set(oid, { critical: extension.flag(), value: extension.contents(tags.octetString) });
    }),
  );
  return extensions;
}

const readBasicConstraints = (reader: Der): { isCa: boolean; pathLen: number | undefined } =>
  reader.sequence((inner) => {
    // Some libraries write the FALSE of an end-entity out.
    const isCa = inner.flag(true);
    const pathLen = inner.more ? inner.small() : undefined;
    return { isCa, pathLen: isCa ? pathLen : undefined };
  });

function readKeyUsage(reader: Der): ReadonlySet<KeyUsage> {
  const bits = reader.bits();
  const usage = new Set(keyUsages.filter((_, i) => ((bits[i >> 3] ?? 0) >> (7 - (i & 7))) & 1));
  if (!usage.size) derFault("empty");
  return usage;
}

function readNameConstraints(reader: Der): NameConstraints {
  return reader.sequence((inner) => {
    if (!inner.more) derFault("empty");
    // minimum is always the default, so left out; maximum is always absent (RFC 5280 §4.2.1.10).
    const subtrees = (tag: number) =>
      inner.tag === tag ? inner.many(tag, (list) => list.sequence(readGeneralName)) : [];
    return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) };
  });
}

/** Qualifiers are for people to read, and change no verdict. */
const readPolicies = (reader: Der): unknown =>
  reader.many(tags.sequence, (list) =>
    list.sequence((policy) => {
      policy.oid();
      policy.skip();
    }),
  );

/** RFC 5280 §6.1.4 (a): a path with anyPolicy on either side of a mapping is not valid. */
const readPolicyMappings = (reader: Der): unknown =>
  reader.many(tags.sequence, (list) =>
    list.sequence((pair) => {
      if ([pair.oid(), pair.oid()].includes(anyPolicy)) derFault("anyPolicy is mapped");
    }),
  );

const readPolicyConstraints = (reader: Der): number | undefined =>
  reader.sequence((inner) => {
    if (!inner.more) derFault("empty");
    const required = inner.tag === 0x80 ? inner.small(0x80) : undefined;
    if (inner.tag === 0x81) inner.small(0x81);
    return required;
  });

function readAuthorityKeyIdentifier(reader: Der): string | undefined {
  return reader.sequence((inner) => {
    const keyIdentifier = inner.tag === 0x80 ? toHex(inner.contents(0x80)) : undefined;
    if (inner.tag === 0xa1) readGeneralNames(inner, 0xa1);
    if (inner.tag === 0x82) inner.integer(0x82);
    return keyIdentifier;
  });
}

const readAccessDescriptions = (reader: Der): unknown =>
  reader.many(tags.sequence, (list) =>
    list.sequence((description) => {
      description.oid();
      readGeneralName(description);
    }),
  );

function sortNames(all: readonly GeneralName[]): SubjectAltNames {
  const of = (type: "dns" | "email" | "uri") => all.flatMap((name) => (name.type === type ? [name.value] : []));
  const ip = all.flatMap((name) => (name.type === "ip" ? (formatIp(name.value) ?? []) : []));
  return { dns: of("dns"), ip, email: of("email"), uri: of("uri"), all };
}
