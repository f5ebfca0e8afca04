/**
 * The verdict on a peer's certificates: trust anchors, pins, or a named opt-out, and the proof that it was made.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { configurationError, TlsError } from "../errors.ts";
import { type Awaitable, callHook, type Flow, waitFor } from "../flow.ts";
import { maxCertificates, maxElements } from "../limits.ts";
import { loadExplanations } from "../validation/lazy.ts";
import { briefError, optionsOf, withFault, wrongOption } from "../validation/options.ts";
import { trustOptions } from "../validation/tables.ts";
import type { CertificateCache } from "./cache.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { CertificateError, type CertificatePlace } from "./errors.ts";
import {
  checkCertificate,
  checkDates,
  checkExtendedKeyUsage,
  checkIssued,
  checkKeySize,
  clientAuth,
  findPath,
  maxPathDepth,
  type Rules,
  serverAuth,
} from "./path.ts";
import { certificateDers } from "./pem.ts";
import { checkReference, unknownIssuer } from "./refusals.ts";

/** Whom to trust. Made by {@link trustPolicy}. */
export interface TrustPolicy {
  readonly anchors: readonly Certificate[];
  /** Why others of the same bundles are left out. */
  readonly unusable?: readonly CertificateError[];
  /** `"sha256/BASE64"` each. */
  readonly pins: readonly string[];
  /** Any certificate will do: no identity is proven, and anybody in the middle can read along. */
  readonly insecure?: boolean | undefined;
  /**
   * The trust decision itself, instead of anchors and pins, for who has another root of trust (DANE, an attestation in the certificate, trust on first use).
   * It gets what the peer sent, end-entity first; dates, extendedKeyUsage and the handshake signature are checked besides, path and name are not.
   */
  readonly trust?: ((chain: readonly Certificate[]) => Awaitable<boolean>) | undefined;
  /** A last check of a peer that is trusted already: it sees the verified path. `true` alone accepts. */
  readonly verify?: ((peer: VerifiedPeer) => Awaitable<boolean>) | undefined;
  /** RSA keys on the path have at least so many bits, 2048 to 8192; default 2048. */
  readonly minimumRsaBits?: number | undefined;
  /** The same for EC keys: 256 (the default), 384 or 521. An Ed25519 key counts as 256. */
  readonly minimumEcBits?: number | undefined;
}

/** A PEM text (one certificate or many), DER, or a parsed certificate. */
export type CertificateSource = string | Uint8Array | Certificate;

export interface TrustOptions {
  readonly ca?: CertificateSource | readonly CertificateSource[] | undefined;
  readonly pins?: readonly string[] | undefined;
  readonly insecure?: boolean | undefined;
  readonly trust?: TrustPolicy["trust"] | undefined;
  readonly verify?: TrustPolicy["verify"] | undefined;
  readonly minimumRsaBits?: number | undefined;
  readonly minimumEcBits?: number | undefined;
}

/**
 * Reads what the user trusts. Throws a configuration error where that is nothing, or anything of it is malformed.
 * @example
 * const policy = trustPolicy({ ca: await readFile("ca.pem", "utf8") });
 */
export const trustPolicy = (options: TrustOptions, cache?: CertificateCache): TrustPolicy =>
  readTrust(optionsOf(options, trustOptions), cache);

/** The same of options that are checked, among others. */
export function readTrust(options: TrustOptions, cache?: CertificateCache): TrustPolicy {
  const { ca, pins = [], insecure = false, trust, verify, minimumRsaBits = 2048, minimumEcBits = 256 } = options;
  const roots = [ca !== undefined || pins.length > 0, insecure, trust].filter(Boolean);
  if (roots.length > 1) throw briefError("more than one root of trust");
  const bundles = ca === undefined ? [] : (isList(ca) ? ca : [ca]).map((source) => readAnchors(source, cache));
  const anchors = bundles.flatMap((bundle) => bundle.anchors);
  const unusable = bundles.flatMap((bundle) => bundle.unusable);
  if (!anchors.length && !pins.length && !insecure && !trust)
    throw briefError("nobody is trusted: no ca, pins, trust or insecure");
  return { anchors, unusable, pins: pins.map(readPin), insecure, trust, verify, minimumRsaBits, minimumEcBits };
}

const isList = (ca: NonNullable<TrustOptions["ca"]>): ca is readonly CertificateSource[] => Array.isArray(ca);

/** Most programs have one text of anchors, and connect with it again and again. */
let last: { readonly text: string; readonly bundle: Bundle } | undefined;
type Bundle = Required<Pick<TrustPolicy, "anchors" | "unusable">>;

/** A bundle may hold what cannot be used (an old root with a small key); a bundle of nothing else is an error. */
function readAnchors(source: CertificateSource, cache: CertificateCache | undefined): Bundle {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    // node:crypto's certificates have `raw` too, and are none of ours.
    if (!(source?.raw instanceof Uint8Array && source.subject?.der))
      throw wrongOption("ca", source, "PEM, DER or parsed");
    return { anchors: [source], unusable: [] };
  }
  if (source === last?.text) return last.bundle;
  const ders = certificateDers(source, "ca");
  const unusable: CertificateError[] = [];
  const anchors = ders.flatMap((der, i) => {
    try {
      return [cache ? cache.parse(der) : parseCertificate(der)];
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      error.message = `ca: ${error.message.replace("certificate", `certificate ${i + 1} of ${ders.length}`)}`;
      unusable.push(error);
      return [];
    }
  });
  if (unusable[0] && !anchors.length)
    throw withFault(configurationError(unusable[0].message), { option: "ca", value: source });
  const bundle = { anchors, unusable };
  if (typeof source === "string") last = { text: source, bundle };
  return bundle;
}

function readPin(pin: string): string {
  const clean = String(pin).replace(/\s+/g, "");
  // 32 bytes in base64: the last digit has two spare bits.
  if (/^sha256\/[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(clean)) return clean;
  throw briefError(`pins: ${JSON.stringify(clean.slice(0, 80))}`);
}

export interface VerifyRequest {
  /** DER as the peer sent it, end-entity first. */
  readonly chain: readonly Uint8Array[];
  readonly policy: TrustPolicy;
  /** What the peer is. */
  readonly purpose: "server" | "client";
  /** DNS name or IP literal; absent: the name is not checked. */
  readonly reference?: string | undefined;
  /** ms since 1970. */
  readonly now: number;
  readonly provider: CryptoProvider;
  /** Intermediates known beforehand; unlike those in the chain, their number is not limited. */
  readonly intermediates?: readonly Uint8Array[] | undefined;
  /** Default: nothing is remembered. */
  readonly cache?: CertificateCache | undefined;
  /** Intermediates on a path, at most; default 8. */
  readonly maxDepth?: number | undefined;
  /** The OID that extendedKeyUsage must contain; default serverAuth or clientAuth by `purpose`. */
  readonly extendedKeyUsage?: string | undefined;
}

let proven: (
  certificate: Certificate,
  path: readonly Certificate[],
  verifiedBy: VerifiedPeer["verifiedBy"],
) => VerifiedPeer;

/** The proof that a peer's certificates were verified: {@link verifyPeer} alone makes it, and {@link verifyAgain} from what it made. */
export class VerifiedPeer {
  /** The end-entity certificate. */
  readonly certificate: Certificate;
  /** From the end-entity to the trust anchor; the end-entity alone where its pin or `insecure` decided. */
  readonly path: readonly Certificate[];
  /** What the trust rests on. */
  readonly verifiedBy: "ca" | "pin" | "trust" | "insecure";

  private constructor(certificate: Certificate, path: readonly Certificate[], verifiedBy: VerifiedPeer["verifiedBy"]) {
    this.certificate = certificate;
    this.path = path;
    this.verifiedBy = verifiedBy;
  }

  static {
    proven = (certificate, path, verifiedBy) => new VerifiedPeer(certificate, path, verifiedBy);
  }
}

/**
 * Verifies a peer's certificates under a policy; throws the CertificateError that says most about why not.
 * keyUsage for the handshake and the handshake's own signature are the handshake's to check.
 * @example
 * const peer = yield* verifyPeer({ chain, policy, purpose: "server", reference: "example.com", now, provider });
 */
export function* verifyPeer(request: VerifyRequest): Flow<VerifiedPeer> {
  return yield* advised(decide(request), request.policy);
}

/**
 * The proof again, for a session that is to be resumed, from what {@link verifyPeer} found out under the very same policy: `chain` is the path, or for
 * a `trust` function what the peer sent. Left to ask is what changes with time: dates, and the functions of the user.
 */
export function* verifyAgain(
  request: Pick<VerifyRequest, "chain" | "policy" | "now" | "cache">,
  verifiedBy: VerifiedPeer["verifiedBy"],
): Flow<VerifiedPeer> {
  return yield* advised(decideAgain(request, verifiedBy), request.policy);
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
  const fault: Rules["fault"] = (certificate, code, reason) =>
    new CertificateError(code, reason, { position: chain.indexOf(certificate), subject: certificate.subject.text });
  if (verifiedBy !== "insecure") for (const certificate of path) refuse(checkDates({ now, fault }, certificate));
  if (verifiedBy === "trust" && !(trust && (yield* ask("trust", leaf, () => trust(chain))) === true))
    throw fault(leaf, "untrusted", "refused by the trust function");
  return proven(leaf, path, verifiedBy);
}

/** The verdict, past the user's last check; a refusal says what to do about it. */
function* advised(verdict: Flow<VerifiedPeer>, policy: TrustPolicy): Flow<VerifiedPeer> {
  try {
    return yield* approved(policy, yield* verdict);
  } catch (error) {
    if (!(error instanceof CertificateError) || error.advice) throw error;
    const advice = (yield* waitFor(loadExplanations()))?.adviceOf(error.code, error.reason);
    throw advice ? new CertificateError(error.code, error.reason, error, { advice, cause: error.cause }) : error;
  }
}

/** Past the user's last check. */
function* approved({ verify }: TrustPolicy, peer: VerifiedPeer): Flow<VerifiedPeer> {
  if (verify && (yield* ask("verify", peer.certificate, () => verify(peer))) !== true) {
    throw new CertificateError("untrusted", "refused by the verify function", placeOf(peer.certificate));
  }
  return peer;
}

function* decide(request: VerifyRequest): Flow<VerifiedPeer> {
  const { policy, now, provider } = request;
  const { positions, intermediates, unusable } = parsePeerChain(request);
  const sent = [...positions.keys()];
  const leaf = sent[0] as Certificate;
  if (policy.insecure === true) return proven(leaf, [leaf], "insecure");

  const rules: Rules = {
    now,
    extendedKeyUsage: request.extendedKeyUsage ?? (request.purpose === "server" ? serverAuth : clientAuth),
    minimumRsaBits: policy.minimumRsaBits ?? 0,
    minimumEcBits: policy.minimumEcBits ?? 0,
    fault: (certificate, fault, reason) =>
      new CertificateError(fault, reason, {
        position: positions.get(certificate),
        subject: certificate.subject.text,
      }),
  };
  const isPinned = (certificate: Certificate): boolean => policy.pins.includes(certificate.pin);
  const pinsAlone = policy.pins.length > 0 && !policy.anchors.length;

  if (policy.trust || (pinsAlone && isPinned(leaf))) {
    // RFC 7671 §5.1: the key is the identity; path and name add nothing.
    refuse(checkDates(rules, leaf) ?? checkKeySize(rules, leaf) ?? checkExtendedKeyUsage(rules, leaf));
    const { trust } = policy;
    if (!trust) return proven(leaf, [leaf], "pin");
    if ((yield* ask("trust", leaf, () => trust(sent))) === true) return proven(leaf, [leaf], "trust");
    throw rules.fault(leaf, "untrusted", "refused by the trust function");
  }

  const noPin = (): CertificateError =>
    rules.fault(leaf, "pin", `no key on its path is pinned; its own is ${leaf.pin}`);
  // A certificate that merely came along proves nothing: a pinned CA must be where a verified path ends.
  const anchors = pinsAlone
    ? sent.slice(1).filter((certificate) => certificate.isCa && isPinned(certificate))
    : policy.anchors;
  if (pinsAlone && !anchors.length) throw noPin();

  refuse(checkCertificate(rules, leaf));
  if (!anchors.some((anchor) => equal(anchor.raw, leaf.raw))) refuse(checkIssued(rules, leaf));
  if (request.reference !== undefined) refuse(checkReference(rules, leaf, request.reference));
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
    accept: (path) => (!pinsAlone && policy.pins.length && !path.some(isPinned) ? noPin() : undefined),
  });
  return proven(leaf, path, pinsAlone ? "pin" : "ca");
}

/** Parses all that came: a malformed end-entity is fatal, any other malformed certificate is put aside. `positions` has what the peer sent, in order. */
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
  const allowance = { elements: maxElements };
  const positions = new Map([[parse(first, 0, allowance), 0]]);
  const intermediates: Certificate[] = [];
  const unusable: CertificateError[] = [];
  for (const [i, der] of [...rest, ...known].entries()) {
    const position = i < rest.length ? i + 1 : undefined;
    try {
      const certificate = position ? parse(der, position, allowance) : parse(der);
      intermediates.push(certificate);
      if (position) positions.set(certificate, position);
    } catch (error) {
      if (!(error instanceof CertificateError) || error.code === "budget") throw error;
      unusable.push(error);
    }
  }
  return { positions, intermediates, unusable };
}

/** Asks a function of the user's: what it throws refuses. */
function* ask<T>(what: string, certificate: Certificate, hook: () => Awaitable<T>): Flow<T> {
  try {
    return yield* callHook(hook);
  } catch (error) {
    // A connection wraps what a hook throws; a TlsError of the hook's own making chooses the alert.
    const isWrapped = TlsError.is(error) && error.code === "hook_failed";
    if (TlsError.is(error) && !isWrapped) throw error;
    const cause = isWrapped ? error.cause : error;
    const reason = `refused by the ${what} function: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CertificateError("untrusted", reason, placeOf(certificate), { cause });
  }
}

const placeOf = (leaf: Certificate): CertificatePlace => ({ position: 0, subject: leaf.subject.text });

function refuse(error: CertificateError | undefined): void {
  if (error) throw error;
}
