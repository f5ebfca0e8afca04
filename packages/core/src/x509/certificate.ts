/**
 * Parses X.509 certificates strictly, RFC 5280 §4.
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes/bytes.ts";
import { equal, toBase64, toHex } from "../bytes/bytes.ts";
import { type Der, type DerBudget, der, derFault, ia5, sequence, tags } from "../bytes/der.ts";
import type { PublicKey, SignatureAlgorithm } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { maxCertificate } from "../limits.ts";
import { type Name, readName } from "./distinguishedName.ts";
import { CertificateError, type CertificateFault } from "./errors.ts";
import { type GeneralName, readGeneralName, readGeneralNames } from "./generalName.ts";
import { readPublicKey, readSignatureAlgorithm, type SignatureHash } from "./key.ts";
import { formatIp } from "./name.ts";

/** The bits of keyUsage in order, RFC 5280 §4.2.1.3. */
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

/** The subtrees of nameConstraints, RFC 5280 §4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface SubjectAltNames {
  readonly dns: readonly string[];
  /** The addresses as text. An iPAddress of a wrong length is left out. */
  readonly ip: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  /** All names, in the order of the certificate. */
  readonly all: readonly GeneralName[];
}

/** A parsed certificate, which need not be trusted. The proof of trust is a `VerifiedPeer`. */
export interface Certificate {
  /** The DER of the whole certificate. */
  readonly raw: Bytes;
  /** The SHA-256 of the whole certificate, in the form `AB:CD:…`. */
  readonly fingerprint: string;
  /** The pin: `"sha256/"` and the base64 of the SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4). */
  readonly pin: string;
  readonly version: 1 | 2 | 3;
  /** The two's complement bytes in lower-case hex. */
  readonly serialNumber: string;
  readonly issuer: Name;
  readonly subject: Name;
  /** The first millisecond of validity, in ms since 1970. */
  readonly notBefore: number;
  /** The start of the last second of validity, in ms since 1970. The certificate is valid to the end of that second. */
  readonly notAfter: number;
  /** The DER of the SubjectPublicKeyInfo. */
  readonly spki: Bytes;
  readonly publicKey: PublicKey;
  /** The size of the key in bits: the size of the modulus for RSA, the size of the field for EC, 256 for Ed25519. */
  readonly keyBits: number;
  /** The one hash that an id-RSASSA-PSS key allows; `undefined` if the key does not restrict the hash. */
  readonly pssHash: SignatureHash | undefined;
  /** The algorithm of the signature; `undefined` if Handclasp does not accept it, for example SHA-1 with RSA. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signature: Bytes;
  /** The DER of the TBSCertificate, which the signature covers. */
  readonly tbs: Bytes;
  /** The extensions by dotted OID. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly subjectAltNames: SubjectAltNames;
  /** The allowed uses of the key; `undefined` if the extension is absent, which allows every use. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** The allowed purposes as dotted OIDs; `undefined` if the extension is absent, which allows every purpose. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly isCa: boolean;
  readonly pathLen: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /**
   * requireExplicitPolicy of policyConstraints (RFC 5280 §4.2.1.11): the number of further certificates on the path
   * after which the path needs an explicit policy.
   */
  readonly requireExplicitPolicy: number | undefined;
  /**
   * The numbers of the TLS extensions that a server with this certificate must answer if a client offers them, RFC
   * 7633. The number 5 (status_request) means "must-staple".
   */
  readonly tlsFeatures: readonly number[] | undefined;
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
}

/**
 * The extensions that path validation processes or, for tlsFeature, the handshake. Any other critical extension makes a
 * path invalid. Policies count as processed: Handclasp refuses a path that maps anyPolicy or requires an explicit
 * policy, and RFC 5280 §6.1 refuses no other path because of its policies. cRLDistributionPoints counts too, although
 * Handclasp fetches no CRLs.
 */
export const supportedExtensions = {
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

/** Further extensions that Handclasp reads. */
const otherExtensions = {
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
} as const;
const oids = { ...supportedExtensions, ...otherExtensions } as const;
const anyPolicy = "2.5.29.32.0";

/** The place in a certificate that is being read, for errors. */
interface Place {
  readonly position: number | undefined;
  subject?: string;
  /** The name of the field in RFC 5280 §4.1 or §4.2. */
  field?: string;
}

/**
 * Reads one DER certificate.
 * @param position the index in the peer's chain, for errors
 * @param allowance the number of DER elements that may still be read
 * @throws CertificateError `"malformed"`, `"weak_key"` for a key that Handclasp does not accept, or `"budget"`
 * @example
 * const { subject, notAfter } = parseCertificate(der);
 */
export function parseCertificate(raw: Uint8Array, position?: number, allowance?: DerBudget): Certificate {
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
  const inField = <T>(field: string, read: () => T): T => {
    place.field = field;
    return read();
  };
  const tbs = inField("tbsCertificate", () => reader.element(tags.sequence));
  const outerAlgorithm = inField("signatureAlgorithm", () => reader.element(tags.sequence));
  const signature = inField("signatureValue", () => reader.octets());
  return sequence(
    tbs,
    (body): Certificate => {
      // The reads are in the order of the fields of TBSCertificate, because each read moves the reader on.
      const version = inField("version", () => body.optional(0xa0, readVersion)) ?? 1;
      const serialNumber = inField("serialNumber", () => toHex(body.integer()));
      const signatureReading = inField("signature", () => {
        if (!equal(body.element(tags.sequence), outerAlgorithm)) derFault("signature and signatureAlgorithm differ");
        return readSignatureAlgorithm(outerAlgorithm);
      });
      const issuer = inField("issuer", () => readName(body));
      const [notBefore, notAfter] = inField("validity", () =>
        body.sequence((validity) => [readTime(validity), readTime(validity)] as const),
      );
      const subject = inField("subject", () => readName(body));
      place.subject = subject.text;
      const spki = inField("subjectPublicKeyInfo", () => body.element(tags.sequence));
      const extensions = inField("extensions", () => {
        if (version > 1)
          for (const uniqueIdentifier of [0x81, 0x82]) if (body.tag === uniqueIdentifier) body.bits(uniqueIdentifier);
        const list = (version > 2 && body.optional(0xa3, readExtensions)) || new Map<string, Extension>();
        body.end();
        return list;
      });
      const readExtension = <T>(name: keyof typeof oids, read: (value: Der) => T): T | undefined => {
        const extension = extensions.get(oids[name]);
        return extension && inField(name, () => der(extension.value, read, reader.budget));
      };
      readExtension("authorityInfoAccess", readAccessDescriptions);
      readExtension("cRLDistributionPoints", (value) =>
        value.listOf(tags.sequence, (list) => list.contents(tags.sequence)),
      );
      readExtension("certificatePolicies", readPolicies);
      readExtension("policyMappings", readPolicyMappings);
      readExtension("inhibitAnyPolicy", (value) => value.uint32());
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
        subjectAltNames: namesByType(readExtension("subjectAltName", readGeneralNames) ?? []),
        keyUsage: readExtension("keyUsage", readKeyUsage),
        extendedKeyUsage: readExtension("extKeyUsage", (value) => value.listOf(tags.sequence, (inner) => inner.oid())),
        ...(readExtension("basicConstraints", readBasicConstraints) ?? { isCa: false, pathLen: undefined }),
        nameConstraints: readExtension("nameConstraints", readNameConstraints),
        requireExplicitPolicy: readExtension("policyConstraints", readPolicyConstraints),
        tlsFeatures: readExtension("tlsFeature", (value) => value.listOf(tags.sequence, (inner) => inner.uint32())),
        subjectKeyIdentifier: readExtension("subjectKeyIdentifier", (value) => toHex(value.contents(tags.octetString))),
        authorityKeyIdentifier: readExtension("authorityKeyIdentifier", readAuthorityKeyIdentifier),
        // The key comes last, so that a malformed certificate with a weak key is refused as malformed.
        ...inField("subjectPublicKeyInfo", () => readPublicKey(spki)),
      };
    },
    reader.budget,
  );
}

function readVersion(reader: Der): 2 | 3 {
  const version = reader.uint32();
  return version === 1 ? 2 : version === 2 ? 3 : derFault("version neither v2 nor v3 (v1 is left out)");
}

/** Reads a UTCTime or GeneralizedTime with seconds and `Z`, RFC 5280 §4.1.2.5. Returns ms since 1970. */
export function readTime(reader: Der): number {
  const utc = reader.tag === tags.utcTime;
  const text = ia5(reader.contents(utc ? tags.utcTime : tags.generalizedTime));
  const full = utc ? (text < "5" ? "20" : "19") + text : text;
  const iso = full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = Date.parse(iso);
  // A time that does not exist (30 February, 24:00) does not parse, or parses as another time.
  if (iso === full || Number.isNaN(time) || new Date(time).toISOString() !== iso)
    derFault(`no such time: ${text.slice(0, 20)}`);
  return time;
}

/** Reads Extensions, RFC 5280 §4.1, into a map by dotted OID. Throws if an extension occurs twice. */
export function readExtensions(reader: Der): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  reader.listOf(tags.sequence, (list) =>
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
    // Some libraries encode the default FALSE in end-entity certificates.
    const isCa = inner.flag(true);
    const pathLen = inner.hasMore ? inner.uint32() : undefined;
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
    if (!inner.hasMore) derFault("empty");
    // RFC 5280 §4.2.1.10 allows no maximum and only 0 as minimum, which is the default, so neither is encoded.
    const subtrees = (tag: number) =>
      inner.tag === tag ? inner.listOf(tag, (list) => list.sequence(readGeneralName)) : [];
    return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) };
  });
}

/** Checks the form of certificatePolicies. Handclasp ignores policy qualifiers, which are information for people. */
const readPolicies = (reader: Der): unknown =>
  reader.listOf(tags.sequence, (list) =>
    list.sequence((policy) => {
      policy.oid();
      policy.skip();
    }),
  );

/**
 * Checks the form of policyMappings. A path with anyPolicy on either side of a mapping is invalid, RFC 5280 §6.1.4 (a).
 */
const readPolicyMappings = (reader: Der): unknown =>
  reader.listOf(tags.sequence, (list) =>
    list.sequence((pair) => {
      if ([pair.oid(), pair.oid()].includes(anyPolicy)) derFault("anyPolicy is mapped");
    }),
  );

const readPolicyConstraints = (reader: Der): number | undefined =>
  reader.sequence((inner) => {
    if (!inner.hasMore) derFault("empty");
    const required = inner.tag === 0x80 ? inner.uint32(0x80) : undefined;
    if (inner.tag === 0x81) inner.uint32(0x81);
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
  reader.listOf(tags.sequence, (list) =>
    list.sequence((description) => {
      description.oid();
      readGeneralName(description);
    }),
  );

function namesByType(all: readonly GeneralName[]): SubjectAltNames {
  const of = (type: "dns" | "email" | "uri") => all.flatMap((name) => (name.type === type ? [name.value] : []));
  const ip = all.flatMap((name) => (name.type === "ip" ? (formatIp(name.value) ?? []) : []));
  return { dns: of("dns"), ip, email: of("email"), uri: of("uri"), all };
}
