/**
 * Parses OCSP responses strictly, RFC 6960 §4.2.1. `ocsp.ts` verifies them.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { toHex } from "../bytes/bytes.ts";
import { type Der, derFault, sequence, tags } from "../bytes/der.ts";
import type { HashName, SignatureAlgorithm } from "../crypto/provider.ts";
import type { OcspFault } from "../errorCodes.ts";
import { TlsError } from "../errors.ts";
import { maxResponders } from "../limits.ts";
import { type Extension, readExtensions, readTime } from "./certificate.ts";
import { type Name, readName } from "./distinguishedName.ts";
import { readSignatureAlgorithm } from "./key.ts";

export type { OcspFault };

/**
 * The error for a certificate status that is not good or cannot be verified. Its alert is `certificate_revoked`, or
 * `bad_certificate_status_response` (RFC 6066 §8).
 */
export const ocspError = (code: OcspFault, reason: string, advice?: string, cause?: unknown): TlsError =>
  new TlsError(code === "revoked" ? "certificate_revoked" : "bad_certificate_status_response", reason, {
    code,
    ...(advice && { advice }),
    ...(cause !== undefined && { cause }),
  });

/** The status of one certificate, RFC 6960 §4.2.1. */
export interface SingleResponse {
  /** The hash algorithm of the CertID; `undefined` if Handclasp does not support the algorithm. */
  readonly hash: HashName | undefined;
  readonly issuerNameHash: Bytes;
  readonly issuerKeyHash: Bytes;
  /** The serial number in hex, as in `Certificate`. */
  readonly serialNumber: string;
  readonly status: "good" | "revoked" | "unknown";
  /** The time of revocation, in ms since 1970. Present only for a revoked certificate. */
  readonly revocationTime?: number;
  /** The CRLReason of a revoked certificate, RFC 5280 §5.3.1; `undefined` if the response gives none. */
  readonly revocationReason?: number | undefined;
  /** ms since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** A parsed BasicOCSPResponse, RFC 6960 §4.2.1. Its signature is not verified. */
export interface OcspResponse {
  /** The responder's name, or the SHA-1 of its key. */
  readonly responder: Name | Bytes;
  /** ms since 1970. */
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  readonly extensions: ReadonlyMap<string, Extension>;
  /** The DER of the ResponseData, which the signature covers. */
  readonly tbs: Bytes;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signature: Bytes;
  /** The DER of the certificates in the response, which its verification may need. */
  readonly certificates: readonly Bytes[];
}

const enumerated = 0x0a;
const basicResponse = "1.3.6.1.5.5.7.48.1.1";

/** The hashes of names and keys in a CertID. SHA-1 is safe here, because CertID needs no collision resistance. */
const hashes: Readonly<Record<string, HashName>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** OCSPResponseStatus by number. */
const statuses: readonly (string | undefined)[] = [
  "successful",
  "malformedRequest",
  "internalError",
  "tryLater",
  undefined,
  "sigRequired",
  "unauthorized",
];

/**
 * Reads a DER OCSPResponse.
 * @throws TlsError `ocsp_malformed`, also for a responseStatus other than "successful"
 * @example
 * const { responses, producedAt } = parseOcspResponse(await readFile("response.der"));
 */
export function parseOcspResponse(raw: Uint8Array): OcspResponse {
  try {
    return sequence(raw, (outer) => {
      const [status = 0xff, ...more] = outer.contents(enumerated);
      if (more.length || !statuses[status]) derFault("responseStatus unknown");
      if (status) throw notSuccessful(statuses[status]);
      return outer.within(0xa0, (inner) =>
        inner.sequence((bytes) => {
          if (bytes.oid() !== basicResponse) derFault("not a basic response");
          return sequence(bytes.contents(tags.octetString), readBasicResponse);
        }),
      );
    });
  } catch (cause) {
    if (!TlsError.is(cause) || cause.code === "ocsp_malformed") throw cause;
    throw ocspError("ocsp_malformed", `the OCSP response cannot be read: ${cause.message}`, undefined, cause);
  }
}

const notSuccessful = (status: string): TlsError =>
  ocspError(
    "ocsp_malformed",
    `the OCSP response is an error of the responder: ${status}`,
    "the server must not send it: fetch another, or send none",
  );

function readBasicResponse(reader: Der): OcspResponse {
  const tbs = reader.element(tags.sequence);
  const algorithm = readSignatureAlgorithm(reader.element(tags.sequence));
  const signature = reader.octets();
  const certificates = reader.optional(0xa0, readCertificates) ?? [];
  return sequence(tbs, (data): OcspResponse => {
    // v1 is the only version. DER leaves it out, because it is the DEFAULT.
    if (data.tag === 0xa0) derFault("version other than v1, or v1 written out");
    const responder = data.tag === 0xa1 ? data.within(0xa1, readName) : data.within(0xa2, readKeyHash);
    const producedAt = readGeneralizedTime(data);
    const responses = data.listOf(tags.sequence, (list) => list.sequence(readSingleResponse));
    const extensions = data.optional(0xa1, readExtensions) ?? new Map<string, Extension>();
    return { responder, producedAt, responses, extensions, tbs, ...algorithm, signature, certificates };
  });
}

/** Reads a SEQUENCE OF Certificate, which some responders send empty. */
const readCertificates = (reader: Der): readonly Bytes[] =>
  reader.sequence((list) => {
    const certificates: Bytes[] = [];
    while (list.hasMore) certificates.push(list.element(tags.sequence));
    return certificates.length > maxResponders ? derFault(`more than ${maxResponders} certificates`) : certificates;
  });

/** Reads a GeneralizedTime. Unlike certificates, OCSP responses have no UTCTime. */
const readGeneralizedTime = (reader: Der): number =>
  reader.tag === tags.generalizedTime ? readTime(reader) : derFault("no GeneralizedTime");

const readKeyHash = (reader: Der): Bytes => reader.contents(tags.octetString);

function readSingleResponse(reader: Der): SingleResponse {
  const certId = reader.sequence((id) => ({
    hash: id.sequence((identifier) => {
      const hash = hashes[identifier.oid()];
      // The parameters are NULL or absent: responders write both.
      if (hash && identifier.hasMore) identifier.null();
      else identifier.skip();
      return hash;
    }),
    issuerNameHash: id.contents(tags.octetString),
    issuerKeyHash: id.contents(tags.octetString),
    serialNumber: toHex(id.integer()),
  }));
  const status = readStatus(reader);
  return {
    ...certId,
    ...status,
    thisUpdate: readGeneralizedTime(reader),
    nextUpdate: reader.optional(0xa0, (inner) => readGeneralizedTime(inner)),
    extensions: reader.optional(0xa1, readExtensions) ?? new Map<string, Extension>(),
  };
}

function readStatus(reader: Der): Pick<SingleResponse, "status" | "revocationTime" | "revocationReason"> {
  switch (reader.tag) {
    case 0x80:
    case 0x82: {
      const { tag } = reader;
      if (reader.contents(tag).length) derFault("NULL not empty");
      return { status: tag === 0x80 ? "good" : "unknown" };
    }
    default:
      return reader.within(0xa1, (info) => ({
        status: "revoked" as const,
        revocationTime: readGeneralizedTime(info),
        revocationReason: info.optional(0xa0, (inner) => {
          const [reason = 0xff, ...more] = inner.contents(enumerated);
          return reason > 10 || more.length ? derFault("CRLReason unknown") : reason;
        }),
      }));
  }
}
