/**
 * A client's policies for the status of its server's certificate, and the verification of OCSP responses: RFC 6960
 * §3.2, RFC 6066 §8, RFC 7633.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import { sequence, tags } from "../bytes/der.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { getHash } from "../crypto/sha1.ts";
import { configurationError, TlsError } from "../errors.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxClockSkew, maxStatusAge } from "../limits.ts";
import { printable } from "../printable.ts";
import { type Certificate, type Extension, parseCertificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { type OcspResponse, ocspError, parseOcspResponse, type SingleResponse } from "./ocspResponse.ts";
import { checkDates, checkNonAnchor, isSignedBy, type Rules, supportedOids } from "./path.ts";
import type { TrustOptions } from "./trust.ts";
import type { VerifiedPeer } from "./verify.ts";

/** The stapled status of a server's certificate, and everything that its verification needs. */
export interface StapledStatus {
  /** The DER of the response; `undefined` if the server sent none. */
  readonly response: Uint8Array | undefined;
  readonly peer: VerifiedPeer;
  readonly now: number;
  readonly provider: CryptoProvider;
}

/** A client's policy for the status of its server's certificate: a row of {@link ocsp}. */
export interface OcspPolicy {
  readonly name: "request" | "check" | "require";
}

/** A policy and its functions. */
export interface OcspPolicyRow extends OcspPolicy {
  /**
   * Throws a configuration error if the policy could not check a status.
   * @param allUseCertificates whether all suites use certificates
   */
  checkOptions(trust: TrustOptions, allUseCertificates: boolean): void;
  /** Returns `"good"` if the status was verified; throws if the client refuses the server. */
  check(status: StapledStatus): Flow<"good" | undefined>;
}

const rows: Readonly<Record<OcspPolicy["name"], OcspPolicyRow>> = {
  request: {
    name: "request",
    checkOptions() {},
    *check(status) {
      checkStapled(status);
      return yield* waitFor(undefined);
    },
  },
  check: {
    name: "check",
    checkOptions(trust) {
      requireIssuer(this, trust);
    },
    *check(status) {
      checkStapled(status);
      return yield* verifyStapled(status);
    },
  },
  require: {
    name: "require",
    checkOptions(trust, allUseCertificates) {
      requireIssuer(this, trust);
      if (!allUseCertificates)
        throw configurationError(
          "ocsp.require with suites of a pre-shared key, which have no certificates",
          "leave them out, or use ocsp.check",
        );
    },
    *check(status) {
      if (!status.response) throw missingResponse("and one is required");
      if (yield* verifyStapled(status)) return "good";
      throw ocspError(
        "ocsp_issuer",
        "the server's certificate is trusted by itself: there is no issuer whose OCSP response could be required",
        "if you trust a key alone, leave ocsp.require out; if certificates must be revocable, trust their CA",
      );
    },
  },
};

/**
 * The ways to ask a server for the status of its certificate (OCSP stapling, RFC 6066 §8):
 * - `request`: the response is in `session.ocspResponse`, unchecked;
 * - `check`: the server may send no response, but a response must say "good";
 * - `require`: the server must send a response that says "good".
 *
 * All policies refuse a must-staple certificate (RFC 7633) without a response. An attacker with a revoked certificate
 * sends no response, so only `require` and must-staple protect against that attack.
 *
 * The issuer signs the status, so the verified path must contain the issuer. With `insecure` or a `trust` function
 * there is no verified issuer, and `check` and `require` are configuration errors. A certificate that is trusted by
 * itself (its key is pinned, or `ca` contains it) has no verified issuer either: `require` refuses it, and `check`
 * leaves the response unchecked. An unverified issuer would not help, because an attacker who stole the pinned key can
 * make one.
 * @example
 * import { ocsp } from "@handclasp/core/ocsp";
 * const channel = await connect(url, { ca, ocsp: ocsp.require });
 */
export const ocsp: { readonly request: OcspPolicy; readonly check: OcspPolicy; readonly require: OcspPolicy } = rows;

/** Throws if the trust policy verifies no issuer, because the client could then never check a status. */
function requireIssuer({ name }: OcspPolicy, { insecure, trust }: TrustOptions): void {
  if (insecure || trust)
    throw configurationError(
      `ocsp.${name} with ${insecure ? "insecure" : "a trust function"}: no issuer is verified`,
      "give ca, or a CA's pin; or ocsp.request, and check the response yourself",
    );
}

function* verifyStapled({ response, peer, now, provider }: StapledStatus): Flow<"good" | undefined> {
  const [certificate, issuer] = peer.path;
  if (!response || !certificate || !issuer) return undefined;
  yield* verifyOcspResponse({ response, certificate, issuer, now, provider });
  return "good";
}

/** The number of the TLS extension status_request, which is also its number as a feature of RFC 7633. */
const statusRequest = 5;

/**
 * Checks must-staple. The extension in a CA's certificate applies to all certificates below that CA (RFC 7633 §4.2.2).
 */
function checkStapled({ response, peer }: StapledStatus): void {
  if (!response && peer.path.some(({ tlsFeatures }) => tlsFeatures?.includes(statusRequest)))
    throw missingResponse("and its chain requires one (must-staple)");
}

const missingResponse = (why: string): TlsError =>
  ocspError(
    "ocsp_missing",
    `the server sent no OCSP response, ${why}`,
    "switch OCSP stapling on at the server; after its start, it may not have its first response yet",
  );

export interface OcspRequest {
  /** The DER of the response. */
  readonly response: Uint8Array;
  /** The certificate whose status the response must contain. */
  readonly certificate: Certificate;
  /** The issuer of `certificate`, from a verified path. */
  readonly issuer: Certificate;
  /** The current time, in ms since 1970. */
  readonly now: number;
  readonly provider: CryptoProvider;
}

const noCheck = "1.3.6.1.5.5.7.48.1.5";
const ocspSigning = "1.3.6.1.5.5.7.3.9";
/**
 * The critical extensions that Handclasp processes in a response (none) and in a responder's certificate.
 */
const responseExtensions: ReadonlySet<string> = new Set();
const responderExtensions: ReadonlySet<string> = new Set([...supportedOids, noCheck]);

/**
 * Verifies that a response says "good" about a certificate. The response must be about this certificate, be current,
 * and be signed by the issuer or by a responder that the issuer itself certified for OCSP (RFC 6960 §4.2.2.2).
 * @throws TlsError with an {@link OcspFault} as code
 * @example
 * const { thisUpdate } = yield* verifyOcspResponse({ response, certificate, issuer, now, provider });
 */
export function* verifyOcspResponse(request: OcspRequest): Flow<SingleResponse> {
  const { certificate, issuer, now, provider } = request;
  const response = parseOcspResponse(request.response);
  const matching = response.responses.filter((single) => isAbout(single, certificate, issuer, provider));
  // If several match, a status other than good wins.
  const single = matching.find(({ status }) => status !== "good") ?? matching[0];
  if (!single) {
    throw ocspError(
      "ocsp_unknown",
      `the OCSP response is about another certificate than ${subjectOf(certificate)}`,
      "the server must send the response for its own certificate",
    );
  }
  yield* checkSignature(response, request);
  const critical =
    unknownCritical(response.extensions, responseExtensions) ?? unknownCritical(single.extensions, responseExtensions);
  if (critical !== undefined)
    throw ocspError("ocsp_malformed", `the critical extension ${critical} of the OCSP response is unknown`);
  checkFreshness(single, now);
  switch (single.status) {
    case "good":
      return single;
    case "unknown":
      throw ocspError("ocsp_unknown", `its issuer does not know the certificate ${subjectOf(certificate)}`);
    case "revoked": {
      const time = iso(single.revocationTime ?? 0);
      throw ocspError(
        "revoked",
        `the certificate ${subjectOf(certificate)} was revoked on ${time}${reasonOf(single)}`,
        "the server needs a new certificate",
      );
    }
  }
}

/**
 * Compares a CertID with the certificate, RFC 6960 §4.1.1: the hash of the issuer's name as the certificate encodes it,
 * the hash of the issuer's key, and the serial number.
 */
function isAbout(
  single: SingleResponse,
  certificate: Certificate,
  issuer: Certificate,
  provider: CryptoProvider,
): boolean {
  if (!single.hash || single.serialNumber !== certificate.serialNumber) return false;
  const hash = getHash(provider, single.hash);
  return (
    equal(single.issuerNameHash, hash.digest(certificate.issuer.der)) &&
    equal(single.issuerKeyHash, hash.digest(keyOf(issuer)))
  );
}

/** The bytes of subjectPublicKey, without the tag, the length and the number of unused bits. */
const keyOf = ({ spki }: Certificate): Uint8Array =>
  sequence(spki, (reader) => {
    reader.element(tags.sequence);
    return reader.octets();
  });

/** Verifies the signature with the issuer's key, or with the key of a responder that the issuer certified for OCSP. */
function* checkSignature(response: OcspResponse, { issuer, now, provider }: OcspRequest): Flow<void> {
  if (!response.signatureAlgorithm) {
    throw ocspError(
      "ocsp_signature",
      `the OCSP response is signed with ${response.signatureAlgorithmOid}, which is not accepted`,
      "the responder must use SHA-256 or better with RSA, ECDSA or Ed25519",
    );
  }
  let reason: string | undefined;
  if (isResponder(response, issuer, provider)) {
    if (yield* isSignedBy(provider, response, issuer)) return;
    reason = `its signature is not that of ${subjectOf(issuer)}`;
  }
  for (const raw of response.certificates) {
    const responder = readResponder(raw);
    if (!responder || equal(responder.raw, issuer.raw) || !isResponder(response, responder, provider)) continue;
    const fault = yield* delegationFault(responder, issuer, now, provider);
    if (!fault && (yield* isSignedBy(provider, response, responder))) return;
    reason = fault ?? `its signature is not that of ${subjectOf(responder)}`;
  }
  throw ocspError(
    "ocsp_signature",
    `the OCSP response is not signed by ${subjectOf(issuer)} or a responder that it authorised: ` +
      (reason ?? "another responder signed, or its certificate is missing"),
    "only the CA that issued the certificate can give its status",
  );
}

/** Parses a certificate of a response. Returns `undefined` if it is malformed: another one may be the signer's. */
function readResponder(raw: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(raw);
  } catch (error) {
    if (!TlsError.is(error)) throw error;
    return undefined;
  }
}

const isResponder = ({ responder }: OcspResponse, certificate: Certificate, provider: CryptoProvider): boolean =>
  responder instanceof Uint8Array
    ? equal(responder, getHash(provider, "sha1").digest(keyOf(certificate)))
    : responder.normalised === certificate.subject.normalised;

/**
 * The reason why a responder may not sign for the issuer, RFC 6960 §4.2.2.2; `undefined` if it may sign. The client
 * does not check the responder's own status, even without id-pkix-ocsp-nocheck, because Handclasp never fetches a
 * status.
 */
function* delegationFault(
  responder: Certificate,
  issuer: Certificate,
  now: number,
  provider: CryptoProvider,
): Flow<string | undefined> {
  const { extendedKeyUsage, keyUsage, extensions } = responder;
  if (responder.issuer.normalised !== issuer.subject.normalised)
    return `${subjectOf(responder)} was certified by another CA than the issuer`;
  // anyExtendedKeyUsage is not enough: with it, a certificate that the CA issued for another purpose could sign
  // responses.
  if (!extendedKeyUsage?.includes(ocspSigning)) return `${subjectOf(responder)} may not sign OCSP (extendedKeyUsage)`;
  if (keyUsage && !keyUsage.has("digitalSignature") && !keyUsage.has("nonRepudiation"))
    return `${subjectOf(responder)} may not sign (keyUsage)`;
  const critical = unknownCritical(extensions, responderExtensions);
  if (critical !== undefined) return `the critical extension ${critical} of ${subjectOf(responder)} is unknown`;
  const rules: Pick<Rules, "now" | "makeError"> = {
    now,
    makeError: ({ subject }, code, reason) => new CertificateError(code, reason, { subject: subject.text }),
  };
  const fault = checkDates(rules, responder) ?? checkNonAnchor(rules, responder);
  if (fault) return fault.message;
  if (yield* isSignedBy(provider, responder, issuer)) return undefined;
  return `the certificate of ${subjectOf(responder)} is not signed by the issuer`;
}

/** The OID of the first critical extension that is not in `known`. */
function unknownCritical(extensions: ReadonlyMap<string, Extension>, known: ReadonlySet<string>): string | undefined {
  for (const [oid, { critical }] of extensions) if (critical && !known.has(oid)) return oid;
  return undefined;
}

/**
 * Checks thisUpdate (with the tolerance `maxClockSkew`) and nextUpdate, both inclusive, in whole seconds: RFC 6960
 * §3.2, §4.2.2.1.
 */
function checkFreshness({ thisUpdate, nextUpdate }: SingleResponse, now: number): void {
  const second = Math.floor(now / 1000) * 1000;
  const until = nextUpdate ?? thisUpdate + maxStatusAge;
  if (!(thisUpdate <= second + maxClockSkew))
    throw ocspError(
      "ocsp_expired",
      `the OCSP response is from ${iso(thisUpdate)}, now is ${iso(second)}`,
      "check the clock",
    );
  if (!(until >= second && until >= thisUpdate)) {
    const end = iso(until) + (nextUpdate === undefined ? " (without nextUpdate)" : "");
    throw ocspError(
      "ocsp_expired",
      `the OCSP response was valid until ${end}, now is ${iso(second)}`,
      "the server must fetch a new one before the old one expires",
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

const subjectOf = ({ subject }: Certificate): string => printable(subject.text, 200) || "(no subject)";

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000", "");
