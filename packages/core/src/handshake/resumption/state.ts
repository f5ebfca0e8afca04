/**
 * What is remembered of a session until it is resumed: on a client in its store, on a server in a ticket or its cache.
 * @module
 */
import type { Bytes } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import type { Flow } from "../../flow.ts";
import { maxSessionAge } from "../../limits.ts";
import { bytes, type Codec, decode, encode, list, opaque, struct, uint8, uint16, uint32 } from "../../wire/codec.ts";
import type { CertificateCache } from "../../x509/cache.ts";
import { reverifyPeer, type TrustPolicy, type VerifiedPeer } from "../../x509/verify.ts";
import type { Hellos } from "../agreement.ts";
import type { SessionPsk } from "../keyExchange/exchange.ts";

export interface SessionState {
  readonly suite: number;
  readonly masterSecret: Uint8Array;
  /** SHA-256 over all of the configuration that decided about this session: see binding.ts. */
  readonly binding: Uint8Array;
  /** Seconds since 1970: the full handshake, and when it is no longer to be resumed. */
  readonly created: number;
  readonly expires: number;
  /** Empty where none was sent. */
  readonly serverName: Uint8Array;
  readonly secureRenegotiation: number;
  /** Bytes, which stay with a session (RFC 6066 §4); 0: not agreed. */
  readonly maxFragmentLength: number;
  /** SHA-256 of the server's end-entity certificate: the virtual host. Empty with a pre-shared key. */
  readonly serverCertificate: Uint8Array;
  /** The peer's verified path, end-entity first (for a `trust` function: what the peer sent), and what the trust rests on, an index into `trusts`. Empty: it showed none. */
  readonly path: readonly Uint8Array[];
  readonly verifiedBy: number;
  /** The pre-shared key, as HeldKey has it. Empty: none. */
  readonly pskIdentity: Uint8Array;
  readonly pskHint: Uint8Array;
  readonly pskDigest: Uint8Array;
  /** What a client offers to resume with. A server knows them from the ClientHello, and leaves them empty. */
  readonly sessionId: Uint8Array;
  readonly ticket: Uint8Array;
}

/** Of VerifiedPeer, in the order of their numbers. */
const trusts: readonly VerifiedPeer["verifiedBy"][] = ["ca", "pin", "trust", "insecure"];

/** A state of another form is none: both sides then shake hands in full. */
const format = 2;

// In a function: what it calls is of another file, so that a bundler would have to keep it.
const state: Codec<SessionState & { readonly format: number }> = /* @__PURE__ */ (() =>
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

export const writeSessionState = (value: SessionState): Bytes => encode(state, { format, ...value });

/**
 * `undefined` for anything that we did not write. It is read from a copy: a store's Buffer, whose `slice` does not copy,
 * must not get its master secret wiped with ours, and then be resumed under one of zeros.
 */
export function readSessionState(data: Uint8Array): SessionState | undefined {
  try {
    const { format: found, ...value } = decode(state, new Uint8Array(data), "session");
    return found === format && value.verifiedBy < trusts.length ? value : undefined;
  } catch {
    return undefined;
  }
}

export const emptyBytes: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** What a full handshake made. */
export interface NewSession extends Pick<Hellos, "agreement"> {
  readonly masterSecret: Uint8Array;
  readonly peer: VerifiedPeer | undefined;
  /** As the peer sent it. */
  readonly chain: readonly Uint8Array[];
  readonly sessionPsk: SessionPsk | undefined;
}

/** Of a session that was made just now. What differs by role is empty still. */
export function newSessionState(made: NewSession, binding: Uint8Array, now: number, lifetime: number): SessionState {
  const { agreement, masterSecret, peer, chain, sessionPsk } = made;
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
    path: peer?.verifiedBy === "trust" ? chain : (peer?.path.map(({ raw }) => raw) ?? []),
    verifiedBy: peer ? trusts.indexOf(peer.verifiedBy) : 0,
    pskIdentity: sessionPsk?.identity ?? emptyBytes,
    pskHint: sessionPsk?.hint ?? emptyBytes,
    pskDigest: sessionPsk?.digest ?? emptyBytes,
    sessionId: emptyBytes,
    ticket: emptyBytes,
  };
}

/** When a session ends: its lifetime is over, it is too old however often it was renewed, or a certificate that it rests on expires. All in seconds since 1970. */
export function expiry(now: number, created: number, lifetime: number, peer: VerifiedPeer | undefined): number {
  const dates = peer && peer.verifiedBy !== "insecure" ? peer.path.map(({ notAfter }) => seconds(notAfter)) : [];
  return Math.max(now, Math.min(now + lifetime, created + maxSessionAge, lastSecond, ...dates));
}

/** What a state has room for, in 2106: a clock that is set beyond has no sessions, and handshakes all the same. */
const lastSecond = 2 ** 32 - 1;

/** From ms. */
export const seconds = (ms: number): number => Math.min(lastSecond, Math.max(0, Math.floor(ms / 1000)));

export const sessionPskOf = ({ pskIdentity, pskHint, pskDigest }: SessionState): SessionPsk | undefined =>
  pskDigest.length ? { identity: pskIdentity, hint: pskHint, digest: pskDigest } : undefined;

/** The peer of a session, where it has one and would pass now; `undefined` where not. */
export function* verifiedPeerOf(
  { path, verifiedBy }: SessionState,
  policy: TrustPolicy | undefined,
  {
    now,
    certificateCache: cache,
  }: { readonly now: () => number; readonly certificateCache: CertificateCache | undefined },
): Flow<VerifiedPeer | undefined> {
  const trust = trusts[verifiedBy];
  if (!path.length || !policy || !trust) return undefined;
  try {
    return yield* reverifyPeer({ chain: path, policy, now: now(), cache }, trust);
  } catch (error) {
    if (TlsError.is(error)) return undefined;
    throw error;
  }
}
