/**
 * What a client makes of its server's certificate status, and the verdict on a response: RFC 6960 §3.2, RFC 6066 §8, RFC 7633.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import { sequence, tags } from "../bytes/der.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { hashNamed } from "../crypto/sha1.ts";
import { configurationError, TlsError } from "../errors.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxClockSkew, maxStatusAge } from "../limits.ts";
import { type Certificate, type Extension, parseCertificate } from "./certificate.ts";
import { CertificateError, printable } from "./errors.ts";
import { type OcspResponse, ocspError, parseOcspResponse, type SingleResponse } from "./ocspResponse.ts";
import { checkDates, checkIssued, processed, type Rules, verifySignature } from "./path.ts";
import type { TrustOptions, VerifiedPeer } from "./verify.ts";

/** What a server showed of its certificate's status. */
export interface ShownStatus {
  /** DER; `undefined`: nothing. */
  readonly response: Uint8Array | undefined;
  readonly peer: VerifiedPeer;
  readonly now: number;
  readonly provider: CryptoProvider;
}

/** What a client does with the status that it asks a server for: a row of {@link ocsp}. */
export interface OcspPolicy {
  readonly name: "request" | "check" | "require";
}

/** What is behind it. */
export interface OcspRow extends OcspPolicy {
  /** Throws a configuration error where nothing could be checked. `certified`: all suites have certificates. */
  configure(trust: TrustOptions, certified: boolean): void;
  /** `"good"` where that was verified; throws where it is refused. */
  check(shown: ShownStatus): Flow<"good" | undefined>;
}

const rows: Readonly<Record<OcspPolicy["name"], OcspRow>> = {
  request: {
    name: "request",
    configure() {},
    *check(shown) {
      checkStapled(shown);
      return yield* waitFor(undefined);
    },
  },
  check: {
    name: "check",
    configure(trust) {
      needsIssuer(this, trust);
    },
    *check(shown) {
      checkStapled(shown);
      return yield* good(shown);
    },
  },
  require: {
    name: "require",
    configure(trust, certified) {
      needsIssuer(this, trust);
      if (!certified)
        throw configurationError(
          "ocsp.require with suites of a pre-shared key, which have no certificates",
          "leave them out, or give ocsp.check",
        );
    },
    *check(shown) {
      if (!shown.response) throw missing("and one is required");
      if (yield* good(shown)) return "good";
      throw ocspError(
        "ocsp_issuer",
        "the server's certificate is trusted by itself: there is no issuer whose OCSP response could be required",
        "where a key alone is trusted, leave ocsp.require out; to have certificates revoked, trust their CA",
      );
    },
  },
};

/**
 * The ways to ask a server for the status of its certificate (OCSP stapling, RFC 6066 §8):
 * - `request`: it comes as `session.ocspResponse`, and nobody has checked it;
 * - `check`: what comes must say "good", and nothing need come;
 * - `require`: something must come, and say "good".
 *
 * With each of them, a certificate that says must-staple (RFC 7633) is refused where nothing comes. An attacker who holds a revoked certificate
 * leaves the status out: only `require` and must-staple keep him from that.
 *
 * A status is its issuer's word, so one is needed on the verified path. With `insecure` or a `trust` function there is none: `check` and `require` are then
 * configuration errors. A certificate that is trusted by itself (its key is pinned, or it stands in `ca`) has none either: `require` refuses it, `check`
 * leaves what comes unchecked. An issuer that merely came along would be no help: whoever stole the pinned key makes one of his own.
 * @example
 * import { ocsp } from "@handclasp/core/ocsp";
 * const channel = await connect(url, { ca, ocsp: ocsp.require });
 */
export const ocsp: { readonly request: OcspPolicy; readonly check: OcspPolicy; readonly require: OcspPolicy } = rows;

/** A status is its issuer's word: where nobody verifies who that is, it cannot be checked, and to say so is better than to leave it out. */
function needsIssuer({ name }: OcspPolicy, { insecure, trust }: TrustOptions): void {
  if (insecure || trust)
    throw configurationError(
      `ocsp.${name} with ${insecure ? "insecure" : "a trust function"}, which verify no issuer`,
      "give ca, or a CA's pin; or ocsp.request, and check the response yourself",
    );
}

function* good({ response, peer, now, provider }: ShownStatus): Flow<"good" | undefined> {
  const [certificate, issuer] = peer.path;
  if (!response || !certificate || !issuer) return undefined;
  yield* verifyOcspResponse({ response, certificate, issuer, now, provider });
  return "good";
}

/** status_request among the features of RFC 7633, which are numbers of extensions. */
const statusRequest = 5;

/** Must-staple. What a CA has it in its own certificate for, holds below it (RFC 7633 §4.2.2). */
function checkStapled({ response, peer }: ShownStatus): void {
  if (!response && peer.path.some(({ tlsFeatures }) => tlsFeatures?.includes(statusRequest)))
    throw missing("and its certificate says that it must (must-staple)");
}

const missing = (why: string): TlsError =>
  ocspError(
    "ocsp_missing",
    `the server sent no OCSP response, ${why}`,
    "switch OCSP stapling on at the server; one that has just started may not have its first response yet",
  );

export interface OcspRequest {
  /** DER. */
  readonly response: Uint8Array;
  /** Whose status is asked. */
  readonly certificate: Certificate;
  /** Who issued it, from a verified path. */
  readonly issuer: Certificate;
  /** ms since 1970. */
  readonly now: number;
  readonly provider: CryptoProvider;
}

const noCheck = "1.3.6.1.5.5.7.48.1.5";
const ocspSigning = "1.3.6.1.5.5.7.3.9";
/** Critical extensions that we process: of a response none, of a responder's certificate one more than of any other. */
const none: ReadonlySet<string> = new Set();
const ofResponders: ReadonlySet<string> = new Set([...processed, noCheck]);

/**
 * Verifies that a response says "good" of a certificate: it is about this certificate, signed by its issuer or by a responder that the issuer
 * certified itself for nothing else (RFC 6960 §4.2.2.2), and in date. Throws a TlsError with an {@link OcspFault} as code.
 * @example
 * const { thisUpdate } = yield* verifyOcspResponse({ response, certificate, issuer, now, provider });
 */
export function* verifyOcspResponse(request: OcspRequest): Flow<SingleResponse> {
  const { certificate, issuer, now, provider } = request;
  const response = parseOcspResponse(request.response);
  const about = response.responses.filter((single) => isAbout(single, certificate, issuer, provider));
  // Of several, what is not good counts.
  const single = about.find(({ status }) => status !== "good") ?? about[0];
  if (!single) {
    throw ocspError(
      "ocsp_unknown",
      `the OCSP response is about another certificate than ${subjectOf(certificate)}`,
      "the server must send the response for the certificate that it shows",
    );
  }
  yield* checkSignature(response, request);
  const critical = unknownCritical(response.extensions, none) ?? unknownCritical(single.extensions, none);
  if (critical !== undefined)
    throw ocspError("ocsp_malformed", `the critical extension ${critical} of the OCSP response is unknown`);
  checkFreshness(single, now);
  switch (single.status) {
    case "good":
      return single;
    case "unknown":
      throw ocspError("ocsp_unknown", `its issuer does not know the certificate ${subjectOf(certificate)}`);
    case "revoked":
      throw ocspError(
        "revoked",
        `the certificate ${subjectOf(certificate)} was revoked on ${iso(single.revocationTime ?? 0)}${reasonOf(single)}`,
        "its issuer took it back: the server needs another",
      );
  }
}

/** CertID, RFC 6960 §4.1.1: the hash of the issuer's name as the certificate writes it, of the issuer's key, and the serial number. */
function isAbout(
  single: SingleResponse,
  certificate: Certificate,
  issuer: Certificate,
  provider: CryptoProvider,
): boolean {
  if (!single.hash || single.serialNumber !== certificate.serialNumber) return false;
  const hash = hashNamed(provider, single.hash);
  return (
    equal(single.issuerNameHash, hash.digest(certificate.issuer.der)) &&
    equal(single.issuerKeyHash, hash.digest(keyOf(issuer)))
  );
}

/** The bits of subjectPublicKey, without tag, length and count of unused bits. */
const keyOf = ({ spki }: Certificate): Uint8Array =>
  sequence(spki, (reader) => {
    reader.element(tags.sequence);
    return reader.octets();
  });

/** By the issuer's own key, or by that of a certificate that came along and that the issuer itself issued for this. */
function* checkSignature(response: OcspResponse, { issuer, now, provider }: OcspRequest): Flow<void> {
  if (!response.signatureAlgorithm) {
    throw ocspError(
      "ocsp_signature",
      `the OCSP response is signed with ${response.signatureAlgorithmOid}, which is not accepted`,
      "the responder must use SHA-256 or better with RSA, ECDSA or Ed25519",
    );
  }
  let refused: string | undefined;
  if (isResponder(response, issuer, provider)) {
    if (yield* verifySignature(provider, response, issuer)) return;
    refused = `its signature is not that of ${subjectOf(issuer)}`;
  }
  for (const raw of response.certificates) {
    const responder = readResponder(raw);
    if (!responder || equal(responder.raw, issuer.raw) || !isResponder(response, responder, provider)) continue;
    const fault = yield* delegationFault(responder, issuer, now, provider);
    if (!fault && (yield* verifySignature(provider, response, responder))) return;
    refused = fault ?? `its signature is not that of ${subjectOf(responder)}`;
  }
  throw ocspError(
    "ocsp_signature",
    `the OCSP response is not signed by ${subjectOf(issuer)}, or by whom it authorised: ${refused ?? "the responder is somebody else, or its certificate is missing"}`,
    "only the CA that issued the certificate can say what became of it",
  );
}

/** What cannot be read cannot have signed it. */
function readResponder(raw: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(raw);
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    return undefined;
  }
}

const isResponder = ({ responder }: OcspResponse, one: Certificate, provider: CryptoProvider): boolean =>
  responder instanceof Uint8Array
    ? equal(responder, hashNamed(provider, "sha1").digest(keyOf(one)))
    : responder.normalised === one.subject.normalised;

/** RFC 6960 §4.2.2.2. With id-pkix-ocsp-nocheck or without, the responder's own status is not asked: there is nobody to ask. */
function* delegationFault(
  responder: Certificate,
  issuer: Certificate,
  now: number,
  provider: CryptoProvider,
): Flow<string | undefined> {
  const { extendedKeyUsage, keyUsage, extensions } = responder;
  if (responder.issuer.normalised !== issuer.subject.normalised)
    return `${subjectOf(responder)} was certified by another than the issuer`;
  // anyExtendedKeyUsage would make a responder of every certificate of that CA.
  if (!extendedKeyUsage?.includes(ocspSigning)) return `${subjectOf(responder)} may not sign OCSP (extendedKeyUsage)`;
  if (keyUsage && !keyUsage.has("digitalSignature") && !keyUsage.has("nonRepudiation"))
    return `${subjectOf(responder)} may not sign (keyUsage)`;
  const critical = unknownCritical(extensions, ofResponders);
  if (critical !== undefined) return `the critical extension ${critical} of ${subjectOf(responder)} is unknown`;
  const rules: Pick<Rules, "now" | "fault"> = {
    now,
    fault: (one, fault, reason) => new CertificateError(fault, reason, { subject: one.subject.text }),
  };
  const fault = checkDates(rules, responder) ?? checkIssued(rules, responder);
  if (fault) return fault.message;
  if (yield* verifySignature(provider, responder, issuer)) return undefined;
  return `the certificate of ${subjectOf(responder)} is not signed by the issuer`;
}

/** The OID of an extension that is critical, and none of those that are known. */
function unknownCritical(extensions: ReadonlyMap<string, Extension>, known: ReadonlySet<string>): string | undefined {
  for (const [oid, { critical }] of extensions) if (critical && !known.has(oid)) return oid;
  return undefined;
}

/** thisUpdate and nextUpdate, RFC 6960 §3.2, §4.2.2.1; both inclusive, in whole seconds. */
function checkFreshness({ thisUpdate, nextUpdate }: SingleResponse, now: number): void {
  const second = Math.floor(now / 1000) * 1000;
  const until = nextUpdate ?? thisUpdate + maxStatusAge;
  if (thisUpdate > second + maxClockSkew)
    throw ocspError(
      "ocsp_expired",
      `the OCSP response is of ${iso(thisUpdate)}, now is ${iso(second)}`,
      "check the clock",
    );
  if (until < second || until < thisUpdate) {
    const end = nextUpdate === undefined ? `it is of ${iso(thisUpdate)} and says no nextUpdate` : iso(nextUpdate);
    throw ocspError(
      "ocsp_expired",
      `the OCSP response was good until ${end}, now is ${iso(second)}`,
      "the server must fetch a new one before the old one ends",
    );
  }
}

const reasons: readonly string[] = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  "",
  "removeFromCRL",
  "privilegeWithdrawn",
  "aACompromise",
];

const reasonOf = ({ revocationReason: reason }: SingleResponse): string =>
  reason === undefined ? "" : `: ${reasons[reason] || reason}`;

const subjectOf = ({ subject }: Certificate): string => printable(subject.text, 200) || "without a subject";

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000", "");
