/** Writes OCSP responses byte by byte, as `make.ts` writes certificates. */
import { createHash } from "node:crypto";
import { ascii, fromHex } from "../../src/bytes/bytes.ts";
import { sequence } from "../../src/bytes/der.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import {
  type Authority,
  bits,
  bytes,
  extension,
  extKeyUsage,
  issue,
  NULL,
  name,
  now,
  octets,
  oid,
  type Signer,
  seq,
  signers,
  spkiOf,
  tlv,
} from "./make.ts";

export const generalizedTime = (ms: number): Uint8Array =>
  tlv(0x18, ascii(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "")));
const hour = 3_600_000;

/** CertStatus, RFC 6960 §4.2.1. */
export const statuses = {
  good: bytes(0x80, 0),
  unknown: bytes(0x82, 0),
  revoked: tlv(0xa1, generalizedTime(now - hour), tlv(0xa0, bytes(0x0a, 1, 1))),
} satisfies Record<string, Uint8Array>;

const hashOids = { sha1: "1.3.14.3.2.26", sha256: "2.16.840.1.101.3.4.2.1", md5: "1.2.840.113549.2.5" } as const;
export type CertIdHash = keyof typeof hashOids;

/** The bytes in the BIT STRING of subjectPublicKey. */
export const keyBitsOf = ({ key }: Authority): Uint8Array =>
  sequence(spkiOf(key), (reader) => {
    reader.element(0x30);
    return reader.octets();
  });
export const digest = (hash: string, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(hash).update(data).digest());

export interface Single {
  /** The certificate that the status is about. */
  of: Authority;
  /** The issuer of that certificate. */
  by: Authority;
  hash?: CertIdHash;
  nameHash?: Uint8Array;
  keyHash?: Uint8Array;
  serial?: Uint8Array;
  /** The parameters of the hash's AlgorithmIdentifier. */
  parameters?: readonly Uint8Array[];
  status?: Uint8Array;
  /** In milliseconds from `now`. */
  thisUpdate?: number;
  /** In milliseconds from `now`; `null` leaves the field out. */
  nextUpdate?: number | null;
  extensions?: readonly Uint8Array[];
}

export function single(about: Single): Uint8Array {
  const { of, by, hash = "sha1", parameters = [NULL], status = statuses.good, thisUpdate = -hour } = about;
  const { issuer, serialNumber } = parseCertificate(of.der);
  const { nextUpdate = hour, extensions } = about;
  const serial = about.serial ?? tlv(2, fromHex(serialNumber));
  const id = seq(
    seq(oid(hashOids[hash]), ...parameters),
    octets(about.nameHash ?? digest(hash, issuer.der)),
    octets(about.keyHash ?? digest(hash, keyBitsOf(by))),
    serial,
  );
  return seq(
    id,
    status,
    generalizedTime(now + thisUpdate),
    ...(nextUpdate === null ? [] : [tlv(0xa0, generalizedTime(now + nextUpdate))]),
    ...(extensions ? [tlv(0xa1, seq(...extensions))] : []),
  );
}

export interface Response {
  responses: readonly Uint8Array[];
  /** The authority whose key signs. */
  signedBy: Authority;
  /** The ResponderID; by default `byName` of the signer. */
  responder?: Uint8Array;
  signer?: Signer;
  /** The element before ResponderID. */
  version?: Uint8Array;
  producedAt?: Uint8Array;
  extensions?: readonly Uint8Array[];
  certificates?: readonly Uint8Array[];
  forge?: boolean;
}

export const byName = ({ subject }: Authority): Uint8Array => tlv(0xa1, subject);
export const byKey = (one: Authority): Uint8Array => tlv(0xa2, octets(digest("sha1", keyBitsOf(one))));

/** Makes a BasicOCSPResponse. */
export function basic(response: Response): Uint8Array {
  const { signedBy, signer = signers.ecdsaSha256, certificates, extensions } = response;
  const data = seq(
    ...(response.version ? [response.version] : []),
    response.responder ?? byName(signedBy),
    response.producedAt ?? generalizedTime(now - hour),
    seq(...response.responses),
    ...(extensions ? [tlv(0xa1, seq(...extensions))] : []),
  );
  const signature = signer.sign(data, signedBy.key.privateKey);
  if (response.forge) signature[signature.length - 1]! ^= 1;
  return seq(data, signer.identifier, bits(signature), ...(certificates ? [tlv(0xa0, seq(...certificates))] : []));
}

/** Wraps a BasicOCSPResponse in an OCSPResponse. */
export const wrapped = (
  inner: Uint8Array,
  status: Uint8Array = bytes(0x0a, 1, 0),
  type = "1.3.6.1.5.5.7.48.1.1",
): Uint8Array => seq(status, tlv(0xa0, seq(oid(type), octets(inner))));

export const ocspResponse = (response: Response): Uint8Array => wrapped(basic(response));

export const ocspSigning = "1.3.6.1.5.5.7.3.9";
export const noCheck = (critical = false): Uint8Array => extension("1.3.6.1.5.5.7.48.1.5", NULL, critical);
/** Issues the certificate of a responder that a CA authorised. */
export const responder = (issuer: Authority, content: Parameters<typeof issue>[0] = {}): Authority =>
  issue({
    subject: name("O=Test", "CN=Responder"),
    issuer,
    extensions: [extKeyUsage(ocspSigning), noCheck()],
    ...content,
  });
/** The extension tlsFeature, RFC 7633, by default with 5, which is must-staple. */
export const tlsFeature = (critical = false, ...features: number[]): Uint8Array =>
  extension("1.3.6.1.5.5.7.1.24", seq(...(features.length ? features : [5]).map((id) => tlv(2, bytes(id)))), critical);
