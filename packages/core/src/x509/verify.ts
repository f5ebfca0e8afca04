/**
 * Verifies a peer's certificates with trust anchors, pins, a function of the application or `insecure`. The result, a
 * `VerifiedPeer`, is the proof of the verification.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, callHook, type Flow, waitFor } from "../flow.ts";
import { maxCertificates, maxDerElements } from "../limits.ts";
import { loadExplanations } from "../validation/lazy.ts";
import type { CertificateCache } from "./cache.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { CertificateError, type CertificatePlace } from "./errors.ts";
import {
  checkCertificate,
  checkDates,
  checkExtendedKeyUsage,
  checkKeySize,
  checkNonAnchor,
  clientAuth,
  findPath,
  maxPathDepth,
  type Rules,
  serverAuth,
} from "./path.ts";
import { checkReference, unknownIssuer } from "./refusals.ts";

/** The application's trust options, after `trustPolicy` has read and checked them. */
export interface TrustPolicy {
  readonly anchors: readonly Certificate[];
  /** The errors of the certificates in `ca` that Handclasp leaves out because it cannot use them. */
  readonly unusable?: readonly CertificateError[];
  /** Pins in the form `"sha256/BASE64"`. */
  readonly pins: readonly string[];
  /**
   * Accepts every certificate. The peer does not prove its identity, so an attacker on the network can read and change
   * all data.
   */
  readonly insecure?: boolean | undefined;
  /**
   * A function that decides instead of anchors and pins, for another root of trust (DANE, an attestation in the
   * certificate, trust on first use). It gets the chain that the peer sent, end-entity first. Handclasp also checks the
   * dates, the key size, the extendedKeyUsage and the keyUsage of the end-entity, and the handshake signature. It does
   * not check the path and the name.
   */
  readonly trust?: ((chain: readonly Certificate[]) => Awaitable<boolean>) | undefined;
  /**
   * A function that makes a last check of a peer that is already trusted, with its verified path. Only `true` accepts
   * the peer.
   */
  readonly verify?: ((peer: VerifiedPeer) => Awaitable<boolean>) | undefined;
  /** The minimum size of RSA keys on the path in bits: 2048 (the default) to 8192. */
  readonly minimumRsaBits?: number | undefined;
  /** The minimum size of EC keys on the path in bits: 256 (the default), 384 or 521. An Ed25519 key counts as 256. */
  readonly minimumEcBits?: number | undefined;
}

export interface VerifyRequest {
  /** The DER of the certificates that the peer sent, end-entity first. */
  readonly chain: readonly Uint8Array[];
  readonly policy: TrustPolicy;
  /** The role of the peer. */
  readonly purpose: "server" | "client";
  /** The DNS name or IP literal that the certificate must have. If it is absent, the name is not checked. */
  readonly reference?: string | undefined;
  /** The current time, in ms since 1970. */
  readonly now: number;
  readonly provider: CryptoProvider;
  /** The DER of intermediates that the caller knows. Unlike the length of the chain, their number is not limited. */
  readonly intermediates?: readonly Uint8Array[] | undefined;
  /** A cache of parsed certificates and verified signatures. Default: no cache. */
  readonly cache?: CertificateCache | undefined;
  /** The maximum number of intermediates on a path; default 8. */
  readonly maxDepth?: number | undefined;
  /** The OID that extendedKeyUsage must contain. Default: serverAuth or clientAuth, by `purpose`. */
  readonly extendedKeyUsage?: string | undefined;
}

let makeVerifiedPeer: (
  certificate: Certificate,
  path: readonly Certificate[],
  verifiedBy: VerifiedPeer["verifiedBy"],
) => VerifiedPeer;

/**
 * The proof that a policy accepted a peer's certificates. `verifiedBy` says how: with `insecure`, nothing was checked.
 * Only {@link verifyPeer} and {@link reverifyPeer} make it.
 */
export class VerifiedPeer {
  /** The end-entity certificate. */
  readonly certificate: Certificate;
  /**
   * The certificates from the end-entity to the trust anchor. Only the end-entity, if a pin of its key, `trust` or
   * `insecure` decided.
   */
  readonly path: readonly Certificate[];
  /** The option that decided that the peer is trusted. */
  readonly verifiedBy: "ca" | "pin" | "trust" | "insecure";

  private constructor(certificate: Certificate, path: readonly Certificate[], verifiedBy: VerifiedPeer["verifiedBy"]) {
    this.certificate = certificate;
    this.path = path;
    this.verifiedBy = verifiedBy;
  }

  static {
    makeVerifiedPeer = (certificate, path, verifiedBy) => new VerifiedPeer(certificate, path, verifiedBy);
  }
}

/**
 * Verifies a peer's certificates under a policy. It does not check the handshake signature and the keyUsage for it; the
 * handshake checks them.
 * @throws CertificateError the most informative of the errors that were found
 * @example
 * const peer = yield* verifyPeer({ chain, policy, purpose: "server", reference: "example.com", now, provider });
 */
export function* verifyPeer(request: VerifyRequest): Flow<VerifiedPeer> {
  return yield* finishVerification(decide(request), request.policy);
}

/**
 * Makes the proof again when a session is resumed, from the result of {@link verifyPeer} under the same policy. `chain`
 * is the verified path, or the chain that the peer sent if a `trust` function decided. `reverifyPeer` repeats only the
 * checks whose results may change with time: it checks the dates (not with `insecure`) and calls the application's
 * functions.
 */
export function* reverifyPeer(
  request: Pick<VerifyRequest, "chain" | "policy" | "now" | "cache">,
  verifiedBy: VerifiedPeer["verifiedBy"],
): Flow<VerifiedPeer> {
  return yield* finishVerification(decideAgain(request, verifiedBy), request.policy);
}

function* decideAgain(
  request: Pick<VerifyRequest, "chain" | "policy" | "now" | "cache">,
  verifiedBy: VerifiedPeer["verifiedBy"],
): Flow<VerifiedPeer> {
  const { now, policy } = request;
  const { trust } = policy;
  const chain = [...parsePeerChain(request).positions.keys()];
  const leaf = chain[0] as Certificate;
  const path = verifiedBy === "trust" ? [leaf] : chain;
  const makeError: Rules["makeError"] = (certificate, code, reason) =>
    new CertificateError(code, reason, { position: chain.indexOf(certificate), subject: certificate.subject.text });
  if (verifiedBy !== "insecure")
    for (const certificate of path) throwIfError(checkDates({ now, makeError }, certificate));
  if (verifiedBy === "trust" && !(trust && (yield* callUser("trust", leaf, () => trust(chain))) === true))
    throw makeError(leaf, "untrusted", "refused by the trust function");
  return makeVerifiedPeer(leaf, path, verifiedBy);
}

/**
 * Returns the verified peer after the `verify` function has accepted it. Adds advice to an error that refuses the peer.
 */
function* finishVerification(verification: Flow<VerifiedPeer>, policy: TrustPolicy): Flow<VerifiedPeer> {
  try {
    return yield* askVerify(policy, yield* verification);
  } catch (error) {
    if (!(error instanceof CertificateError) || error.advice) throw error;
    const advice = (yield* waitFor(loadExplanations()))?.adviceOf(error.code, error.reason);
    throw advice ? new CertificateError(error.code, error.reason, error, { advice, cause: error.cause }) : error;
  }
}

/** Returns the peer if the policy has no `verify` function or the function accepts the peer. Throws otherwise. */
function* askVerify({ verify }: TrustPolicy, peer: VerifiedPeer): Flow<VerifiedPeer> {
  if (verify && (yield* callUser("verify", peer.certificate, () => verify(peer))) !== true) {
    throw new CertificateError("untrusted", "refused by the verify function", placeOf(peer.certificate));
  }
  return peer;
}

function* decide(request: VerifyRequest): Flow<VerifiedPeer> {
  const { policy, now, provider } = request;
  const { positions, intermediates, unusable } = parsePeerChain(request);
  const sent = [...positions.keys()];
  const leaf = sent[0] as Certificate;
  if (policy.insecure === true) return makeVerifiedPeer(leaf, [leaf], "insecure");

  const rules: Rules = {
    now,
    extendedKeyUsage: request.extendedKeyUsage ?? (request.purpose === "server" ? serverAuth : clientAuth),
    minimumRsaBits: policy.minimumRsaBits ?? 0,
    minimumEcBits: policy.minimumEcBits ?? 0,
    makeError: (certificate, code, reason) =>
      new CertificateError(code, reason, {
        position: positions.get(certificate),
        subject: certificate.subject.text,
      }),
  };
  const isPinned = (certificate: Certificate): boolean => policy.pins.includes(certificate.pin);
  const hasOnlyPins = policy.pins.length > 0 && !policy.anchors.length;

  if (policy.trust || (hasOnlyPins && isPinned(leaf))) {
    // The function decides, or the key is the identity (RFC 7671 §5.1), so the path and the name are not checked.
    throwIfError(checkDates(rules, leaf) ?? checkKeySize(rules, leaf) ?? checkExtendedKeyUsage(rules, leaf));
    const { trust } = policy;
    if (!trust) return makeVerifiedPeer(leaf, [leaf], "pin");
    if ((yield* callUser("trust", leaf, () => trust(sent))) === true) return makeVerifiedPeer(leaf, [leaf], "trust");
    throw rules.makeError(leaf, "untrusted", "refused by the trust function");
  }

  const pinError = (): CertificateError =>
    rules.makeError(leaf, "pin", `no key on its path is pinned; its own is ${leaf.pin}`);
  // An unverified certificate of the chain proves nothing: a pinned CA must be the anchor of a verified path.
  const anchors = hasOnlyPins
    ? sent.slice(1).filter((certificate) => certificate.isCa && isPinned(certificate))
    : policy.anchors;
  if (hasOnlyPins && !anchors.length) throw pinError();

  throwIfError(checkCertificate(rules, leaf));
  if (!anchors.some((anchor) => equal(anchor.raw, leaf.raw))) throwIfError(checkNonAnchor(rules, leaf));
  if (request.reference !== undefined) throwIfError(checkReference(rules, leaf, request.reference));
  const path = yield* findPath({
    ...rules,
    leaf,
    intermediates,
    anchors,
    maxDepth: request.maxDepth ?? maxPathDepth,
    provider,
    cache: request.cache,
    noIssuer: (certificate) =>
      unusable.find((error) => error.subject === certificate.issuer.text) ??
      unknownIssuer(rules, certificate, policy.unusable),
    checkPath: (path) => (!hasOnlyPins && policy.pins.length && !path.some(isPinned) ? pinError() : undefined),
  });
  return makeVerifiedPeer(leaf, path, hasOnlyPins ? "pin" : "ca");
}

/**
 * Parses the chain and the known intermediates. Throws if the end-entity is unusable, or over budget. The errors of
 * other unusable certificates go to `unusable`. `positions` has the certificates that the peer sent, in order, with
 * their index.
 */
function parsePeerChain({
  chain,
  intermediates: known = [],
  cache,
}: Pick<VerifyRequest, "chain" | "intermediates" | "cache">): {
  positions: ReadonlyMap<Certificate, number>;
  intermediates: Certificate[];
  unusable: CertificateError[];
} {
  const [first, ...rest] = chain;
  if (!first) throw new CertificateError("malformed", "the peer sent no certificate");
  if (chain.length > maxCertificates) {
    throw new CertificateError("budget", `the peer sent ${chain.length} certificates, more than ${maxCertificates}`);
  }
  const parse = cache?.parse ?? parseCertificate;
  const derBudget = { elements: maxDerElements };
  const positions = new Map([[parse(first, 0, derBudget), 0]]);
  const intermediates: Certificate[] = [];
  const unusable: CertificateError[] = [];
  for (const [i, der] of [...rest, ...known].entries()) {
    const position = i < rest.length ? i + 1 : undefined;
    try {
      const certificate = position ? parse(der, position, derBudget) : parse(der);
      intermediates.push(certificate);
      if (position) positions.set(certificate, position);
    } catch (error) {
      if (!(error instanceof CertificateError) || error.code === "budget") throw error;
      unusable.push(error);
    }
  }
  return { positions, intermediates, unusable };
}

/** Calls a function of the application. An error that the function throws refuses the peer. */
function* callUser<T>(what: string, certificate: Certificate, hook: () => Awaitable<T>): Flow<T> {
  try {
    return yield* callHook(hook);
  } catch (error) {
    // A connection wraps an error that a hook throws as `hook_failed`, unless it is a TlsError with an alert, which the
    // hook made to choose the alert.
    const isWrapped = TlsError.is(error) && error.code === "hook_failed";
    if (TlsError.is(error) && !isWrapped) throw error;
    const cause = isWrapped ? error.cause : error;
    const reason = `refused by the ${what} function: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CertificateError("untrusted", reason, placeOf(certificate), { cause });
  }
}

const placeOf = (leaf: Certificate): CertificatePlace => ({ position: 0, subject: leaf.subject.text });

function throwIfError(error: CertificateError | undefined): void {
  if (error) throw error;
}
