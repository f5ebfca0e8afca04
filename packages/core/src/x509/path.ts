/**
 * Certification path building and validation, RFC 5280 §6: a depth-first search within budgets.
 * @module
 */
import { equal, latin1 } from "../bytes/bytes.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { type Flow, waitFor } from "../flow.ts";
import { maxComparisons } from "../limits.ts";
import type { CertificateCache } from "./cache.ts";
import { type Certificate, supportedExtensions } from "./certificate.ts";
import type { CertificateError, CertificateFault } from "./errors.ts";
import { loadConstraints } from "./lazy.ts";
import { dnsName, parseReference } from "./name.ts";

/**
 * The number of signatures that one search may check. A signature of a P-521 key, or of an RSA key above 4096 bits,
 * counts as four.
 */
const maxSignatures = 100;
/** The number of issuers that one search may try. */
const maxIssuersTried = 1000;
/**
 * If no path is valid, the search throws the error with the highest rank, from the path that came closest to being
 * valid.
 */
const errorRanks = { noIssuer: 0, badSignature: 1, badIssuer: 2, badPath: 3 } as const;
/** The default limit on the number of intermediates on a path. Self-issued intermediates do not count. */
export const maxPathDepth = 8;

export const serverAuth = "1.3.6.1.5.5.7.3.1";
export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const anyExtendedKeyUsage = "2.5.29.37.0";
export const supportedOids: ReadonlySet<string> = new Set(Object.values(supportedExtensions));

/** The rules for each certificate of a path, and the function that makes their errors. */
export interface Rules {
  /** The OID that every extendedKeyUsage on the path must contain, unless it contains anyExtendedKeyUsage. */
  readonly extendedKeyUsage: string;
  /** The time of the check, in milliseconds since 1970. */
  readonly now: number;
  /** The parser refuses RSA keys below 2048 bits and EC keys below 256 bits, whatever these limits are. */
  readonly minimumRsaBits: number;
  readonly minimumEcBits: number;
  /** Makes an error, and adds the certificate's position in the peer's chain. */
  makeError(certificate: Certificate, code: CertificateFault, reason: string): CertificateError;
}

export interface PathSearch extends Rules {
  readonly leaf: Certificate;
  /** Possible intermediates, in any order and number. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly maxDepth: number;
  readonly provider: CryptoProvider;
  readonly cache: CertificateCache | undefined;
  /** Makes the error for a certificate whose issuer is unknown, or was sent but cannot be used. */
  noIssuer(certificate: Certificate): CertificateError;
  /** The last check of an otherwise valid path, such as for a pinned key. Returns the error if the check fails. */
  checkPath(path: readonly Certificate[]): CertificateError | undefined;
}

/**
 * Finds the first valid path from the leaf to an anchor. The caller has checked the leaf itself.
 * @throws CertificateError the error with the highest rank, or `budget` if the search needs too much work
 */
export function* findPath(search: PathSearch): Flow<readonly Certificate[]> {
  const { leaf, anchors, intermediates } = search;
  const anchorsBySubject = bySubject(anchors);
  const intermediatesBySubject = bySubject(intermediates);
  const caOf = groupByCa([leaf, ...intermediates]);
  const signatureResults = new Map<Certificate, Map<Certificate, boolean>>();
  let issuersTried = 0;
  let signatures = 0;
  let comparisons = 0;
  let mostInformative: { rank: number; error: CertificateError } | undefined;

  const noteError = (rank: number, error: CertificateError): void => {
    if (!mostInformative || rank > mostInformative.rank) mostInformative = { rank, error };
  };
  const overBudget = (what: string): CertificateError =>
    search.makeError(leaf, "budget", `too much work to find a path: ${what}`);

  if (anchors.some((anchor) => equal(anchor.raw, leaf.raw))) {
    const error = search.checkPath([leaf]);
    if (!error) return [leaf];
    noteError(errorRanks.badPath, error);
  }
  const path = yield* extend([leaf], 0);
  if (path) return path;
  throw mostInformative?.error ?? search.noIssuer(leaf);

  /**
   * Tries the possible issuers of the path's last certificate: anchors, then intermediates whose CA is not on the path.
   * `intermediatesBelow` is the number of intermediates on the path that are not self-issued.
   */
  function* extend(path: readonly Certificate[], intermediatesBelow: number): Flow<readonly Certificate[] | undefined> {
    const child = path[path.length - 1] as Certificate;
    const anchorIssuers = candidates(anchorsBySubject, child);
    const onPath = new Set(path.map((certificate) => caOf.get(certificate)));
    const otherIssuers = candidates(intermediatesBySubject, child).filter((issuer) => !onPath.has(caOf.get(issuer)));
    if (!anchorIssuers.length && !otherIssuers.length) noteError(errorRanks.noIssuer, search.noIssuer(child));
    for (const [i, issuer] of [...anchorIssuers, ...otherIssuers].entries()) {
      const isAnchor = i < anchorIssuers.length;
      if (++issuersTried > maxIssuersTried) throw overBudget(`${maxIssuersTried} issuers tried`);
      const belowNext = intermediatesBelow + (isSelfIssued(issuer) ? 0 : 1);
      const error =
        !isAnchor && belowNext > search.maxDepth
          ? search.makeError(issuer, "path_length", `more intermediates than ${search.maxDepth}`)
          : checkIssuer(search, issuer, intermediatesBelow, isAnchor);
      const longerPath = [...path, issuer];
      if (error) noteError(errorRanks.badIssuer, error);
      else if (isAnchor) {
        const failed =
          (yield* checkSignatures(longerPath)) ??
          (yield* checkNameConstraints(longerPath)) ??
          search.checkPath(longerPath);
        if (!failed) {
          for (const [j, child] of path.entries()) search.cache?.remember(child, longerPath[j + 1] as Certificate);
          return longerPath;
        }
        noteError(errorRanks[failed.code === "bad_signature" ? "badSignature" : "badPath"], failed);
      } else {
        const found = yield* extend(longerPath, belowNext);
        if (found) return found;
      }
    }
    return undefined;
  }

  /**
   * Checks signatures from the anchor down, so that a peer cannot make us verify with keys that no anchor vouches for.
   */
  function* checkSignatures(path: readonly Certificate[]): Flow<CertificateError | undefined> {
    for (let i = path.length - 2; i >= 0; i--) {
      const child = path[i] as Certificate;
      const issuer = path[i + 1] as Certificate;
      const resultsByIssuer = signatureResults.get(child) ?? new Map<Certificate, boolean>();
      signatureResults.set(child, resultsByIssuer);
      let good = resultsByIssuer.get(issuer);
      if (good === undefined) {
        const { publicKey: key } = issuer;
        const heavy = issuer.keyBits > (key.type === "rsa" ? 4096 : 384);
        signatures += heavy ? 4 : 1;
        if (signatures > maxSignatures) throw overBudget(`${maxSignatures} signatures checked`);
        good = search.cache?.knows(child, issuer) === true || (yield* isSignedBy(search.provider, child, issuer));
        resultsByIssuer.set(issuer, good);
      }
      if (!good) {
        const reason = `its signature is not that of its issuer ${issuer.subject.text}`;
        return search.makeError(child, "bad_signature", reason);
      }
    }
    return undefined;
  }

  /** Checks each CA's name constraints against every certificate below it, except self-issued intermediates. */
  function* checkNameConstraints(path: readonly Certificate[]): Flow<CertificateError | undefined> {
    for (const [i, issuer] of path.entries()) {
      const constraints = issuer.nameConstraints;
      if (!constraints || !i) continue;
      const { constrainedNames, violation } = yield* waitFor(loadConstraints());
      const count = constraints.permitted.length + constraints.excluded.length;
      for (const [j, certificate] of path.slice(0, i).entries()) {
        if (j && isSelfIssued(certificate)) continue;
        comparisons +=
          (certificate.subjectAltNames.all.length + certificate.subject.attributes.length + 8) * (count + 8);
        if (comparisons > maxComparisons) throw overBudget(`${maxComparisons} names compared with constraints`);
        const reason = violation(constrainedNames(certificate), constraints, { dnsName, parseReference });
        if (reason)
          return search.makeError(
            certificate,
            "name_constraint",
            `${reason} by the constraints of ${issuer.subject.text}`,
          );
      }
    }
    return undefined;
  }
}

/**
 * Applies the rules that hold for every certificate on a path, the anchor included. Returns the first error.
 * @param intermediatesBelow the number of intermediates below this issuer that are not self-issued; -1 for the leaf
 */
export function checkCertificate(
  rules: Rules,
  certificate: Certificate,
  intermediatesBelow = -1,
): CertificateError | undefined {
  const error = checkDates(rules, certificate) ?? checkKeySize(rules, certificate);
  if (error) return error;
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !supportedOids.has(oid)) {
      return rules.makeError(certificate, "unknown_critical_extension", `the critical extension ${oid} is unknown`);
    }
  }
  // RFC 5280 §6.1.4 (h), §6.1.5 (a): each certificate below, except self-issued intermediates, lowers the number by
  // one. At 0 a policy is required.
  if ((certificate.requireExplicitPolicy ?? Number.POSITIVE_INFINITY) <= intermediatesBelow + 1) {
    const reason = "policyConstraints (2.5.29.36) requires an explicit policy, which is unknown";
    return rules.makeError(certificate, "unknown_critical_extension", reason);
  }
  return checkExtendedKeyUsage(rules, certificate);
}

export function checkDates(
  { now, makeError }: Pick<Rules, "now" | "makeError">,
  certificate: Certificate,
): CertificateError | undefined {
  const { notBefore, notAfter } = certificate;
  const second = Math.floor(now / 1000) * 1000;
  if (second > notAfter) return makeError(certificate, "expired", `expired on ${iso(notAfter)}, now is ${iso(second)}`);
  if (second >= notBefore) return undefined;
  return makeError(certificate, "not_yet_valid", `valid from ${iso(notBefore)}, now is ${iso(second)}`);
}

export function checkKeySize(rules: Rules, certificate: Certificate): CertificateError | undefined {
  const { keyBits, publicKey } = certificate;
  const wanted = publicKey.type === "rsa" ? rules.minimumRsaBits : rules.minimumEcBits;
  if (keyBits >= wanted) return undefined;
  return rules.makeError(certificate, "weak_key", `a key of ${keyBits} bits; ${wanted} are needed`);
}

export function checkExtendedKeyUsage(rules: Rules, certificate: Certificate): CertificateError | undefined {
  const usages = certificate.extendedKeyUsage;
  const wanted = rules.extendedKeyUsage;
  if (!usages || usages.includes(wanted) || usages.includes(anyExtendedKeyUsage)) return undefined;
  const list = usages.slice(0, 8).map(usageName).join(", ");
  return rules.makeError(certificate, "extended_key_usage", `extendedKeyUsage is ${list}, not ${usageName(wanted)}`);
}

/** The name of an extended key usage, or its OID if we know no name. */
export const usageName = (oid: string): string =>
  oid === serverAuth ? "serverAuth" : oid === clientAuth ? "clientAuth" : oid;

/** Applies the rules that hold for every certificate except an anchor. Returns the first error. */
export function checkNonAnchor(
  { makeError }: Pick<Rules, "makeError">,
  certificate: Certificate,
): CertificateError | undefined {
  const { version, isCa } = certificate;
  if (version !== 3) {
    const reason = `version ${version}; only a trust anchor may be older than 3`;
    return makeError(certificate, "malformed", reason);
  }
  if (
    !certificate.subject.normalised &&
    certificate.extensions.get(supportedExtensions.subjectAltName)?.critical === false
  )
    return makeError(certificate, "malformed", "no subject, and subjectAltName not critical");
  if (!certificate.issuer.normalised) return makeError(certificate, "malformed", "its issuer has no name");
  if (certificate.nameConstraints && !isCa) return makeError(certificate, "malformed", "nameConstraints, but not a CA");
  if (certificate.keyUsage?.has("keyCertSign") && !isCa)
    return makeError(certificate, "key_usage", "keyCertSign, but not a CA");
  if (certificate.signatureAlgorithm) return undefined;
  const reason = `signed with ${certificate.signatureAlgorithmOid}, which is not accepted`;
  return makeError(certificate, "weak_signature", reason);
}

/** Checks that a certificate may issue the last certificate of the path. Returns the first error. */
function checkIssuer(
  search: PathSearch,
  issuer: Certificate,
  intermediatesBelow: number,
  isAnchor: boolean,
): CertificateError | undefined {
  const { makeError } = search;
  if (!issuer.isCa && !(isAnchor && issuer.version < 3))
    return makeError(issuer, "not_a_ca", "it issued a certificate but is not a CA (basicConstraints)");
  if (issuer.keyUsage && !issuer.keyUsage.has("keyCertSign"))
    return makeError(issuer, "key_usage", "it issued a certificate without keyCertSign");
  if (issuer.pathLen !== undefined && intermediatesBelow > issuer.pathLen) {
    return makeError(
      issuer,
      "path_length",
      `pathLenConstraint is ${issuer.pathLen}, but ${intermediatesBelow} intermediates are below it`,
    );
  }
  return (
    checkCertificate(search, issuer, intermediatesBelow) ?? (isAnchor ? undefined : checkNonAnchor(search, issuer))
  );
}

/** A certificate, or another structure that is signed like one, such as an OCSP response. */
type SignedStructure = Pick<Certificate, "signatureAlgorithm" | "tbs" | "signature">;

/** True if `issuer` signed `child`: the algorithm fits the key, and the signature is right. */
export function* isSignedBy(provider: CryptoProvider, child: SignedStructure, issuer: Certificate): Flow<boolean> {
  const { signatureAlgorithm: algorithm } = child;
  const { publicKey: key, pssHash } = issuer;
  // The provider checks that the algorithm fits the type of the key. It knows that a key is limited to PSS, but not to
  // which hash.
  if (!algorithm || (pssHash && (!("hash" in algorithm) || algorithm.hash !== pssHash))) return false;
  return (yield* waitFor(provider.verify(algorithm, key, child.tbs, child.signature))) === true;
}

/**
 * Maps each certificate to the first one with the same name and key, which represents the CA. The certificates of a CA
 * may have different issuers. A path that returns to a CA is a loop.
 */
function groupByCa(certificates: readonly Certificate[]): ReadonlyMap<Certificate, unknown> {
  const first = new Map<string, Certificate>();
  return new Map(
    certificates.map((certificate) => {
      const ca = latin1(certificate.spki) + certificate.subject.normalised;
      if (!first.has(ca)) first.set(ca, certificate);
      return [certificate, first.get(ca)];
    }),
  );
}

const isSelfIssued = (certificate: Certificate): boolean =>
  certificate.subject.normalised === certificate.issuer.normalised;

function bySubject(certificates: readonly Certificate[]): Map<string, Certificate[]> {
  const map = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    const list = map.get(certificate.subject.normalised);
    if (!list) map.set(certificate.subject.normalised, [certificate]);
    else if (!list.some((other) => equal(other.raw, certificate.raw))) list.push(certificate);
  }
  return map;
}

/** The possible issuers of a certificate, by name. The key identifier only orders them. */
function candidates(map: ReadonlyMap<string, readonly Certificate[]>, child: Certificate): readonly Certificate[] {
  const list = map.get(child.issuer.normalised) ?? [];
  const wanted = child.authorityKeyIdentifier;
  if (wanted === undefined || list.length < 2) return list;
  const distance = ({ subjectKeyIdentifier: id }: Certificate) => (id === wanted ? 0 : id === undefined ? 1 : 2);
  return [...list].sort((a, b) => distance(a) - distance(b));
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000", "");
