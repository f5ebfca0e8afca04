/**
 * The state of a session that can be resumed. A client keeps it in its store, a server in a ticket or in its cache.
 * @module
 */
import type { Bytes } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import type { Flow } from "../../flow.ts";
import { maxSessionAge } from "../../limits.ts";
import { bytes, type Codec, decode, encode, list, opaque, struct, uint8, uint16, uint32 } from "../../wire/codec.ts";
import type { CertificateCache } from "../../x509/cache.ts";
import { reverifyPeer, type TrustPolicy, type VerifiedPeer } from "../../x509/verify.ts";
import type { HelloResults } from "../agreement.ts";
import type { SessionPsk } from "../keyExchange/exchange.ts";

export interface SessionState {
  readonly suite: number;
  readonly masterSecret: Uint8Array;
  /** The SHA-256 of the configuration under which the peer was verified: see `binding.ts`. */
  readonly binding: Uint8Array;
  /** The time of the full handshake, in seconds since 1970. */
  readonly created: number;
  /** The time from which the session is not resumed any more, in seconds since 1970. */
  readonly expires: number;
  /** Empty if the client names no server. */
  readonly serverName: Uint8Array;
  /** 1 if renegotiation_info was agreed on, otherwise 0. */
  readonly secureRenegotiation: number;
  /** The agreed fragment length in bytes, a property of the session (RFC 6066 §4). 0 if none was agreed on. */
  readonly maxFragmentLength: number;
  /**
   * On a server, the SHA-256 of its end-entity certificate, which identifies the virtual host. Empty with a pre-shared
   * key, and on a client.
   */
  readonly serverCertificate: Uint8Array;
  /**
   * The peer's verified path, end-entity first. With a `trust` function or `insecure`, it is the chain that the peer
   * sent. Empty if the peer sent no certificate.
   */
  readonly path: readonly Uint8Array[];
  /** The kind of trust in the path, an index into `trusts`. */
  readonly verifiedBy: number;
  /** `SessionPsk`, in these three properties. Empty without a pre-shared key. */
  readonly pskIdentity: Uint8Array;
  readonly pskHint: Uint8Array;
  readonly pskDigest: Uint8Array;
  /** A client offers `sessionId` or `ticket` to resume the session. On a server both are empty. */
  readonly sessionId: Uint8Array;
  readonly ticket: Uint8Array;
}

/** The values of `VerifiedPeer.verifiedBy`. The state stores the index, so the order must not change. */
const trusts: readonly VerifiedPeer["verifiedBy"][] = ["ca", "pin", "trust", "insecure"];

/** The version of this format. A state of another version is ignored, and the handshake is a full one. */
const format = 2;

// In a pure function, because a bundler cannot drop calls of functions from another file.
const sessionState: Codec<SessionState & { readonly format: number }> = /* @__PURE__ */ (() =>
  struct({
    format: uint8,
    suite: uint16,
    masterSecret: opaque(48),
    binding: opaque(32),
    created: uint32,
    expires: uint32,
    serverName: bytes(1),
    secureRenegotiation: uint8,
    maxFragmentLength: uint16,
    serverCertificate: bytes(1),
    path: list(3, bytes(3, 1)),
    verifiedBy: uint8,
    pskIdentity: bytes(2),
    pskHint: bytes(2),
    pskDigest: bytes(1),
    sessionId: bytes(1),
    ticket: bytes(2),
  }))();

export const writeSessionState = (value: SessionState): Bytes => encode(sessionState, { format, ...value });

/**
 * Returns `undefined` for data that is not in the current format. The data is copied first, because `slice` of a
 * Buffer does not copy: wiping our master secret would otherwise overwrite the one in the store with zeros.
 */
export function readSessionState(data: Uint8Array): SessionState | undefined {
  try {
    const { format: version, ...value } = decode(sessionState, new Uint8Array(data), "session");
    return version === format && value.verifiedBy < trusts.length ? value : undefined;
  } catch {
    return undefined;
  }
}

export const emptyBytes: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** The result of a full handshake. */
export interface NewSession extends Pick<HelloResults, "agreement"> {
  readonly masterSecret: Uint8Array;
  readonly peer: VerifiedPeer | undefined;
  /** The certificates that the peer sent. */
  readonly chain: readonly Uint8Array[];
  readonly sessionPsk: SessionPsk | undefined;
}

/** The state of a new session. The caller fills the properties that differ by role, which are empty here. */
export function newSessionState(session: NewSession, binding: Uint8Array, now: number, lifetime: number): SessionState {
  const { agreement, masterSecret, peer, chain, sessionPsk } = session;
  return {
    suite: agreement.suite.id,
    masterSecret,
    binding,
    created: now,
    expires: expiry(now, now, lifetime, peer),
    serverName: emptyBytes,
    secureRenegotiation: Number(agreement.secureRenegotiation ?? 0),
    maxFragmentLength: agreement.maxFragmentLength ?? 0,
    serverCertificate: emptyBytes,
    path: peer && hasPath(peer) ? peer.path.map(({ raw }) => raw) : chain,
    verifiedBy: peer ? trusts.indexOf(peer.verifiedBy) : 0,
    pskIdentity: sessionPsk?.identity ?? emptyBytes,
    pskHint: sessionPsk?.hint ?? emptyBytes,
    pskDigest: sessionPsk?.digest ?? emptyBytes,
    sessionId: emptyBytes,
    ticket: emptyBytes,
  };
}

/** False if the path of the peer has only the end-entity, because no path was searched. */
const hasPath = ({ verifiedBy }: VerifiedPeer): boolean => verifiedBy === "ca" || verifiedBy === "pin";

/**
 * The time at which a session expires, the earliest of these: the end of its lifetime, the end of the maximum age
 * (which renewals do not extend), and, unless `insecure` accepted the peer, the expiry of a certificate of its path.
 * `lifetime` is in seconds, the other times are in seconds since 1970.
 */
export function expiry(now: number, created: number, lifetime: number, peer: VerifiedPeer | undefined): number {
  const dates = peer && peer.verifiedBy !== "insecure" ? peer.path.map(({ notAfter }) => seconds(notAfter)) : [];
  return Math.max(now, Math.min(now + lifetime, created + maxSessionAge, lastSecond, ...dates));
}

/**
 * The last time that fits into a state, in 2106. With a later clock no session is resumed, and full handshakes still
 * work.
 */
const lastSecond = 2 ** 32 - 1;

/** Converts milliseconds since 1970 to seconds, within the range of a state. */
export const seconds = (ms: number): number => Math.min(lastSecond, Math.max(0, Math.floor(ms / 1000)));

export const sessionPskOf = ({ pskIdentity, pskHint, pskDigest }: SessionState): SessionPsk | undefined =>
  pskDigest.length ? { identity: pskIdentity, hint: pskHint, digest: pskDigest } : undefined;

/** The peer of a session, verified again now. `undefined` if the session has no path, or if the verification fails. */
export function* verifiedPeerOf(
  { path, verifiedBy }: SessionState,
  policy: TrustPolicy | undefined,
  {
    now,
    certificateCache: cache,
  }: { readonly now: () => number; readonly certificateCache: CertificateCache | undefined },
): Flow<VerifiedPeer | undefined> {
  const decidedBy = trusts[verifiedBy];
  if (!path.length || !policy || !decidedBy) return undefined;
  try {
    return yield* reverifyPeer({ chain: path, policy, now: now(), cache }, decidedBy);
  } catch (error) {
    if (TlsError.is(error)) return undefined;
    throw error;
  }
}
