/**
 * Resumption on a server: the sessions that it accepts, the abbreviated handshake, and the sessions that it stores.
 * @module
 */
import { ascii, equal, latin1, toHex } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import type { NotResumed } from "../../trace.ts";
import { type ClientHello, finished, newSessionTicket, serverHello } from "../../wire/messages.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { Agreement, Offer } from "../agreement.ts";
import { applyAgreement, type HelloResults } from "../agreement.ts";
import type { ServerConfig, ServerCredential } from "../config.ts";
import type { HandshakeLink } from "../link.ts";
import { credentialsFor, hasCertificateFor } from "../negotiate.ts";
import type { ServerObserver } from "../observer.ts";
import { Secrets } from "../secrets.ts";
import { answerHello } from "../serverHello.ts";
import { type HandshakeResult, sessionOf } from "../session.ts";
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

/** A session that the client offers and that our configuration allows. */
export interface OfferedSession {
  readonly state: SessionState;
  readonly suite: SuiteRow;
  readonly peer: VerifiedPeer | undefined;
  readonly credential: ServerCredential | undefined;
  /** The state of the new ticket that the client gets instead of its own. */
  readonly renewed: SessionState | undefined;
  /** Removes the session from the cache. `undefined` for a ticket. */
  readonly forget: HandshakeResult["forgetSession"];
}

/** Returns the session to resume. If the offered session may not be resumed, traces the reason. */
export function* findOfferedSession(
  link: HandshakeLink,
  config: ServerConfig,
  hello: ClientHello,
  offer: Offer,
  observer: ServerObserver | undefined,
): Flow<OfferedSession | undefined> {
  const found = yield* checkOfferedSession(config, hello, offer);
  if (typeof found !== "string") return found;
  link.trace?.({ type: "resumption", resumed: false, reason: found });
  observer?.notResumed(found);
  return undefined;
}

/** How far the clock of another server that shares our sessions may be ahead of ours, in seconds. */
const clockSkew = 60;

/** The session to resume, the reason why it is not resumed, or `undefined` if the client offers none to look up. */
function* checkOfferedSession(
  config: ServerConfig,
  hello: ClientHello,
  offer: Offer,
): Flow<OfferedSession | NotResumed | undefined> {
  const offered = yield* findState(config, hello, offer);
  if (!offered) return undefined;
  const { state, oldKey, forget } = offered;
  if (!state) return "unknown";
  const suite = config.suites.find(({ id }) => id === state.suite);
  if (!suite || !hello.cipherSuites.includes(state.suite)) return "suite";
  if (!equal(state.binding, serverBinding(config))) return "configuration";
  const { sessionLifetime } = config;
  const now = seconds(config.now());
  // Another server with our ticket keys, or an earlier configuration, may have set a longer lifetime than ours.
  const isAhead = state.created > now + clockSkew || state.expires - now > sessionLifetime + clockSkew;
  if (isAhead || now >= state.expires) return "expired";
  if (latin1(state.serverName) !== (offer.serverName ?? "")) return "server_name";
  const credential = suite.keyExchange.usesCertificate
    ? credentialsFor(config, offer.serverName).find(({ certificate }) =>
        equal(certificateHash(certificate), state.serverCertificate),
      )
    : undefined;
  if (!credential && suite.keyExchange.usesCertificate) return "certificate";
  if (state.secureRenegotiation && !offer.secureRenegotiation) return "renegotiation_info";
  // The fragment length is a property of the session (RFC 6066 §4), so a client with another length gets a new session.
  if (state.maxFragmentLength !== (offer.maxFragmentLength ?? 0)) return "max_fragment_length";
  const sessionPsk = sessionPskOf(state);
  if (
    sessionPsk &&
    !(suite.keyExchange.stillHasKey && (yield* suite.keyExchange.stillHasKey.server(config, sessionPsk)))
  )
    return "pre_shared_key";
  const peer = yield* verifiedPeerOf(state, config.clientTrust, config);
  if (!peer && state.path.length) return "untrusted";
  // The last check, because it ends the connection. Only a session that would be resumed may do so (RFC 7627 §5.3).
  if (!offer.extendedMasterSecret)
    throw new TlsError("handshake_failure", "the client resumes a session without its extended_master_secret", {
      code: "resumed_without_extended_master_secret",
    });
  const expires = expiry(now, state.created, sessionLifetime, peer);
  const renews = offer.ticket?.length && (oldKey || expires - state.expires > sessionLifetime / 2);
  return { state, suite, peer, credential, renewed: renews ? { ...state, expires } : undefined, forget };
}

interface FoundState {
  /** `undefined` if the cache has no such session, or if the ticket or the state cannot be read. */
  readonly state: SessionState | undefined;
  /** True if the ticket's key no longer encrypts new tickets. */
  readonly oldKey?: boolean;
  readonly forget?: HandshakeResult["forgetSession"];
}

/**
 * The state from the ticket, if the client sends one and this server uses tickets. Otherwise the state from the cache
 * (RFC 5077 §3.4). `undefined` if the client sends no session_id either, or if there is no cache.
 */
function* findState(
  { tickets, sessions }: ServerConfig,
  { sessionId }: ClientHello,
  { ticket }: Offer,
): Flow<FoundState | undefined> {
  if (ticket?.length && tickets) {
    const opened = yield* tickets.open(ticket);
    return opened ? { state: readSessionState(opened.state), oldKey: opened.oldKey } : { state: undefined };
  }
  if (!sessionId.length || !sessions) return undefined;
  // This server does not issue IDs of another length, so it need not query the cache, which may be remote.
  if (sessionId.length !== sessionIdLength) return { state: undefined };
  const key = toHex(sessionId);
  const bytes = yield* callHook(() => sessions.get(key));
  return { state: bytes && readSessionState(bytes), forget: removal(sessions, key) };
}

/** The abbreviated handshake, RFC 5246 §7.3, figure 2, right column. */
export function* resumeSession(
  link: HandshakeLink,
  config: ServerConfig,
  hello: ClientHello,
  offer: Offer,
  { state, suite, peer: client, credential, renewed, forget }: OfferedSession,
): Flow<HandshakeResult> {
  const context = { offer, agreement: { suite, resumed: true }, renews: renewed !== undefined };
  const { message, hellos } = answerHello(config, hello, context, () => hello.sessionId);
  link.send(serverHello, message); //                                                           <-- ServerHello
  applyAgreement(link, config.provider, hellos);
  const secrets = new Secrets(link, config, hellos);
  try {
    secrets.resume(state.masterSecret);
    const protections = yield* secrets.protections();
    if (renewed) yield* sendTicket(link, config, renewed); //                                   <-- NewSessionTicket*
    link.sendChangeCipherSpec(protections.server); //                                           <-- [ChangeCipherSpec]
    link.send(finished, { verifyData: secrets.verifyData("server") }); //                       <-- Finished
    yield* link.expectChangeCipherSpec(protections.client); //                                  --> [ChangeCipherSpec]
    yield* link.expectFinished(() => secrets.verifyData("client")); //                          --> Finished
    link.checkHandshakeEnd();
    return {
      session: sessionOf("server", hellos.agreement, offer.serverName, {
        peer: client,
        sessionPsk: sessionPskOf(state),
        serverNameMatched: hasCertificateFor(config, offer.serverName),
      }),
      exporter: secrets.exporter(credential?.certificate),
      forgetSession: forget,
    };
  } catch (error) {
    if (forget) yield* callHook(forget);
    throw error;
  } finally {
    secrets.wipe();
  }
}

const sessionIdLength = 32;

/**
 * The ID under which the session of a full handshake will be cached. Empty if it will not be cached, for example
 * because the client gets a ticket (RFC 5077 §3.4).
 */
export const newSessionId = ({ sessions, random }: ServerConfig, agreement: Agreement): Uint8Array =>
  sessions && agreement.extendedMasterSecret && !agreement.ticket ? random(sessionIdLength) : emptyBytes;

/** The state of the session that a full handshake has made. */
export function newServerSessionState(
  config: ServerConfig,
  { agreement }: HelloResults,
  { masterSecret }: Secrets,
  client: Omit<NewSession, "agreement" | "masterSecret">,
  { serverName = "" }: Offer,
  credential: ServerCredential | undefined,
): SessionState {
  const made = { ...client, agreement, masterSecret };
  return {
    ...newSessionState(made, serverBinding(config), seconds(config.now()), config.sessionLifetime),
    serverName: ascii(serverName),
    serverCertificate: credential ? certificateHash(credential.certificate) : emptyBytes,
  };
}

/** Sends NewSessionTicket. Without a key, or if the state is too large, the ticket is empty (RFC 5077 §3.3). */
export function* sendTicket(link: HandshakeLink, { tickets, now }: ServerConfig, state: SessionState): Flow<void> {
  const ticket = tickets ? yield* tickets.seal(writeSessionState(state)) : emptyBytes;
  // The session may have expired meanwhile. A hint of 0 would mean "unspecified".
  link.send(newSessionTicket, { lifetimeHint: Math.max(1, state.expires - seconds(now())), ticket });
}

/** Puts the session into the cache, under the session_id of ServerHello. Returns the function that removes it. */
export function* cacheSession(
  { sessions }: ServerConfig,
  sessionId: Uint8Array,
  state: SessionState,
): Flow<HandshakeResult["forgetSession"]> {
  if (!sessions || !sessionId.length) return undefined;
  const key = toHex(sessionId);
  yield* callHook(() => sessions.set(key, writeSessionState(state), state.expires * 1000));
  return removal(sessions, key);
}

/** A separate function, so that the closure that a connection keeps does not contain the session's state. */
const removal = (sessions: SessionStore, key: string) => (): void => void sessions.delete(key);
