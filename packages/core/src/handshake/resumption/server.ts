/**
 * A server that resumes: what it takes, the abbreviated handshake, and what it keeps.
 * @module
 */
import { ascii, equal, latin1, toHex } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import type { NotResumed } from "../../trace.ts";
import { type ClientHello, finished, newSessionTicket, serverHello, tls12 } from "../../wire/messages.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import { applyAgreement } from "../agreement.ts";
import type { ServerConfig, ServerCredential } from "../config.ts";
import { serverExtensions } from "../extensions/all.ts";
import { answerExtensions } from "../extensions/extension.ts";
import { credentialsFor, isOurs } from "../negotiate.ts";
import type { Peer } from "../peer.ts";
import { Secrets } from "../secrets.ts";
import { type Agreement, type Established, type Offer, sessionOf } from "../session.ts";
import type { SuiteRow } from "../suites.ts";
import { certificateHash, serverBinding } from "./binding.ts";
import {
  emptyBytes,
  expiry,
  type NewSession,
  newSessionState,
  readSessionState,
  type SessionState,
  seconds,
  sessionPskOf,
  verifiedPeerOf,
  writeSessionState,
} from "./state.ts";
import type { SessionStore } from "./store.ts";

/** A session that the client offers, and that holds under our configuration. */
export interface OfferedSession {
  readonly state: SessionState;
  readonly suite: SuiteRow;
  readonly peer: VerifiedPeer | undefined;
  readonly credential: ServerCredential | undefined;
  /** The client gets this instead of its ticket. */
  readonly renewed: SessionState | undefined;
  /** Drops it from the cache. */
  readonly forget: Established["forget"];
}

/** The session that a ClientHello asks for; or why it is not resumed; `undefined` where it asks for none. */
export function* findOfferedSession(
  config: ServerConfig,
  hello: ClientHello,
  offer: Offer,
): Flow<OfferedSession | NotResumed | undefined> {
  const asked = yield* findState(config, hello, offer);
  if (!asked) return undefined;
  const { state, oldKey, forget } = asked;
  if (!state) return "unknown";
  const suite = config.suites.find(({ id }) => id === state.suite);
  if (!suite || !hello.cipherSuites.includes(state.suite)) return "suite";
  if (!equal(state.binding, serverBinding(config))) return "configuration";
  const { sessionLifetime } = config;
  const now = seconds(config.now());
  // Who shares our keys, or we before, may have given it longer than a session is to have here.
  if (now < state.created || now >= state.expires || state.expires - now > sessionLifetime) return "expired";
  if (latin1(state.serverName) !== (offer.serverName ?? "")) return "server_name";
  const credential = suite.keyExchange.certified
    ? credentialsFor(config, offer.serverName).find(({ certificate }) =>
        equal(certificateHash(certificate), state.serverCertificate),
      )
    : undefined;
  if (!credential && suite.keyExchange.certified) return "certificate";
  if (state.secureRenegotiation && !offer.secureRenegotiation) return "renegotiation_info";
  // It stays with the session (RFC 6066 §4): a client that asks for another, or none, gets another session.
  if (state.maxFragmentLength !== (offer.maxFragmentLength ?? 0)) return "max_fragment_length";
  const sessionPsk = sessionPskOf(state);
  if (
    sessionPsk &&
    !(suite.keyExchange.stillHasKey && (yield* suite.keyExchange.stillHasKey.server(config, sessionPsk)))
  )
    return "pre_shared_key";
  const peer = yield* verifiedPeerOf(state, config.clientTrust, config);
  if (!peer && state.path.length) return "untrusted";
  // Last, because it ends the connection, and only what would be resumed else may do so (RFC 7627 §5.3).
  if (!offer.extendedMasterSecret)
    throw new TlsError("handshake_failure", "the client resumes a session without its extended_master_secret", {
      code: "resumed_without_extended_master_secret",
    });
  const expires = expiry(now, state.created, sessionLifetime, peer);
  const renews = offer.ticket?.length && (oldKey || expires - state.expires > sessionLifetime / 2);
  return { state, suite, peer, credential, renewed: renews ? { ...state, expires } : undefined, forget };
}

interface Asked {
  readonly state: SessionState | undefined;
  /** Its ticket is encrypted with a key that is on its way out. */
  readonly oldKey?: boolean;
  readonly forget?: Established["forget"];
}

/** From the ticket or, only where there is none, from the cache (RFC 5077 §3.4). */
function* findState(
  { tickets, sessions }: ServerConfig,
  { sessionId }: ClientHello,
  { ticket }: Offer,
): Flow<Asked | undefined> {
  if (ticket?.length && tickets) {
    const opened = yield* tickets.open(ticket);
    return opened ? { state: readSessionState(opened.state), oldKey: opened.oldKey } : { state: undefined };
  }
  if (!sessionId.length || !sessions) return undefined;
  // None of ours: what a stranger makes up need not be looked for, in a store that may be far away.
  if (sessionId.length !== sessionIdLength) return { state: undefined };
  const key = toHex(sessionId);
  const bytes = yield* callHook(() => sessions.get(key));
  return { state: bytes && readSessionState(bytes), forget: dropping(sessions, key) };
}

/** The abbreviated handshake, RFC 5246 §7.3, figure 2, right column. */
export function* resumeSession(
  peer: Peer,
  config: ServerConfig,
  hello: ClientHello,
  offer: Offer,
  { state, suite, peer: client, credential, renewed, forget }: OfferedSession,
): Flow<Established> {
  const { agreement, extensions } = answerExtensions(serverExtensions, {
    offer,
    agreement: { suite, resumed: true },
    config,
    renews: renewed !== undefined,
  });
  const random = config.random(32);
  peer.send(serverHello, {
    serverVersion: tls12,
    random,
    sessionId: hello.sessionId,
    cipherSuite: suite.id,
    compressionMethod: 0,
    extensions,
  }); //                                                                                               <-- ServerHello
  applyAgreement(peer, config.provider, { agreement, clientRandom: hello.random, serverRandom: random });
  peer.transcript.forgetBytes();
  const secrets = new Secrets(peer, config, suite, hello.random, random);
  try {
    secrets.resume(state.masterSecret);
    const keys = yield* secrets.protect(agreement);
    if (renewed) yield* sendTicket(peer, config, renewed); //                                          <-- NewSessionTicket*
    peer.sendChangeCipherSpec(keys.server); //                                                             [ChangeCipherSpec]
    const first = secrets.verifyData("server");
    peer.send(finished, { verifyData: first }); //                                                     <-- Finished
    yield* peer.expectChangeCipherSpec(keys.client); //                               [ChangeCipherSpec]
    yield* peer.expectFinished(() => secrets.verifyData("client")); //                Finished             -->
    peer.endHandshake();
    return {
      session: sessionOf("server", agreement, offer.serverName, {
        peer: client,
        sessionPsk: sessionPskOf(state),
        serverNameMatched: isOurs(config, offer.serverName),
      }),
      exporter: secrets.exporter(agreement, first, credential?.certificate),
      forget,
    };
  } catch (error) {
    if (forget) yield* callHook(forget);
    throw error;
  } finally {
    secrets.wipe();
  }
}

const sessionIdLength = 32;

/** The ID under which the session of a full handshake will be in the cache; empty: it will not be. A ticket makes it needless (RFC 5077 §3.4). */
export const newSessionId = ({ sessions, random }: ServerConfig, agreement: Agreement): Uint8Array =>
  sessions && agreement.extendedMasterSecret && !agreement.ticket ? random(sessionIdLength) : emptyBytes;

/** The state of a session that a full handshake made. */
export function serverState(
  config: ServerConfig,
  made: NewSession,
  { serverName = "" }: Offer,
  credential: ServerCredential | undefined,
): SessionState {
  return {
    ...newSessionState(made, serverBinding(config), seconds(config.now()), config.sessionLifetime),
    serverName: ascii(serverName),
    serverCertificate: credential ? certificateHash(credential.certificate) : emptyBytes,
  };
}

/** NewSessionTicket; where there is no key to make one with, it is empty, as RFC 5077 §3.3 allows. */
export function* sendTicket(peer: Peer, { tickets, now }: ServerConfig, state: SessionState): Flow<void> {
  const ticket = tickets ? yield* tickets.seal(writeSessionState(state)) : emptyBytes;
  // The clock may have moved meanwhile, past the end of the session even; 0 would say that there is no end.
  peer.send(newSessionTicket, { lifetimeHint: Math.max(1, state.expires - seconds(now())), ticket });
}

/** Into the cache, under the ID that ServerHello told; what takes it out again. */
export function* cacheSession(
  { sessions }: ServerConfig,
  sessionId: Uint8Array,
  state: SessionState,
): Flow<Established["forget"]> {
  if (!sessions || !sessionId.length) return undefined;
  const key = toHex(sessionId);
  yield* callHook(() => sessions.set(key, writeSessionState(state), state.expires * 1000));
  return dropping(sessions, key);
}

/** By itself: what lives as long as the connection must not keep the state. */
const dropping = (sessions: SessionStore, key: string) => (): void => void sessions.delete(key);
