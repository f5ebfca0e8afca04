/**
 * Resumption on a client: the session that it offers, the abbreviated handshake, and the session that it stores.
 * @module
 */
import { ascii, equal, toHex } from "../../bytes/bytes.ts";
import { configurationError, TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import { maxTicket, sessionLifetime } from "../../limits.ts";
import { finished, newSessionTicket } from "../../wire/messages.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { Agreement, HelloResults } from "../agreement.ts";
import type { ClientConfig, NewClientSession, SessionKeeper } from "../config.ts";
import type { HandshakeLink } from "../link.ts";
import { Secrets } from "../secrets.ts";
import { type HandshakeResult, sessionOf } from "../session.ts";
import { clientBinding } from "./binding.ts";
import {
  emptyBytes,
  expiry,
  newSessionState,
  readSessionState,
  type SessionState,
  seconds,
  sessionPskOf,
  verifiedPeerOf,
  writeSessionState,
} from "./state.ts";
import type { SessionStore } from "./store.ts";

/** Keeps a client's sessions in a store. The store must have a time limit and must not throw. */
export function makeSessionKeeper(store: SessionStore, tickets: boolean): SessionKeeper {
  /** The abbreviated handshake, RFC 5246 §7.3, figure 2, left column, from ServerHello on. */
  function* resume(
    link: HandshakeLink,
    config: ClientConfig,
    state: SessionState,
    server: VerifiedPeer | undefined,
    hellos: HelloResults,
  ): Flow<HandshakeResult> {
    const secrets = new Secrets(link, config, hellos);
    try {
      const agreement = resumedAgreement(state, hellos.agreement);
      link.applyLimits(agreement);
      secrets.resume(state.masterSecret);
      const protections = yield* secrets.protections();
      const ticket = agreement.ticket ? yield* link.expect(newSessionTicket) : undefined; //    <-- NewSessionTicket*
      yield* link.expectChangeCipherSpec(protections.server); //                                <-- [ChangeCipherSpec]
      yield* link.expectFinished(() => secrets.verifyData("server")); //                        <-- Finished
      link.sendChangeCipherSpec(protections.client); //                                         --> [ChangeCipherSpec]
      link.send(finished, { verifyData: secrets.verifyData("client") }); //                     --> Finished
      link.checkHandshakeEnd();
      const sessionPsk = sessionPskOf(state);
      return {
        session: sessionOf("client", agreement, config.serverName, { peer: server, sessionPsk }),
        exporter: secrets.exporter(server?.certificate),
        forgetSession: yield* keepRenewed(state, ticket && renewed(config, state, ticket, server)),
      };
    } finally {
      secrets.wipe();
    }
  }

  function* put(state: SessionState): Flow<() => void> {
    yield* callHook(() => store.set(toHex(state.binding), writeSessionState(state), state.expires * 1000));
    return removal(state);
  }

  const removal =
    ({ binding }: SessionState) =>
    (): void =>
      void store.delete(toHex(binding));

  /**
   * Stores a renewed session. An unchanged session is not written again: another connection, or the user, may have
   * removed it from the store meanwhile.
   */
  function* keepRenewed(old: SessionState, next = old): Flow<() => void> {
    return next === old ? removal(old) : yield* put(next);
  }

  return {
    tickets,

    checkScope(scope) {
      if (!/^[\x20-\x7e]{0,1000}$/.test(scope))
        throw configurationError("sessionScope", "at most 1,000 characters of ASCII");
    },

    *find(config) {
      const binding = clientBinding(config);
      const bytes = yield* callHook(() => store.get(toHex(binding)));
      const state = bytes && readSessionState(bytes);
      if (!state || !(state.sessionId.length || state.ticket.length)) return undefined;
      const suite = config.suites.find(({ id }) => id === state.suite);
      if (!suite || !equal(state.binding, binding)) return "configuration";
      const now = seconds(config.now());
      if (!(now >= state.created && now < state.expires)) return "expired";
      const sessionPsk = sessionPskOf(state);
      if (
        sessionPsk &&
        !(suite.keyExchange.stillHasKey && (yield* suite.keyExchange.stillHasKey.client(config, sessionPsk)))
      )
        return "pre_shared_key";
      const server = yield* verifiedPeerOf(state, config.trust, config);
      if (!server && suite.keyExchange.usesCertificate) return "untrusted";
      return {
        state,
        resume: (link, hellos) => resume(link, config, state, server, hellos),
        forget: () => callHook(() => store.delete(toHex(binding))),
      };
    },

    *keep(config, newSession) {
      const ticket = newSession.ticket && fits(newSession.ticket) ? newSession.ticket.ticket : emptyBytes;
      const sessionId = ticket.length ? emptyBytes : newSession.sessionId;
      // Without extended_master_secret another connection could have the same master secret (RFC 7627 §1). The user's
      // function may choose another certificate next time.
      if (
        !newSession.agreement.extendedMasterSecret ||
        newSession.calledSelector ||
        !(ticket.length || sessionId.length)
      )
        return undefined;
      const lifetime = newSession.ticket?.lifetimeHint || sessionLifetime;
      const state = newSessionState(newSession, clientBinding(config), seconds(config.now()), lifetime);
      return yield* put({ ...state, serverName: ascii(config.serverName ?? ""), sessionId, ticket });
    },
  };
}

/**
 * The agreement of a resumed session. Throws if the server changes a parameter that it must not change (RFC 5246
 * §7.4.1.3, RFC 7627 §5.3, RFC 5746 §3.5).
 */
function resumedAgreement(state: SessionState, agreement: Agreement): Agreement {
  const { suite } = agreement;
  if (suite.id !== state.suite)
    throw new TlsError("illegal_parameter", `the server resumes the session with another suite, ${suite.name}`, {
      code: "resumed_with_other_suite",
    });
  if (!agreement.extendedMasterSecret)
    throw new TlsError("handshake_failure", "the server resumes the session without extended_master_secret", {
      code: "resumed_without_extended_master_secret",
    });
  if (state.secureRenegotiation && !agreement.secureRenegotiation)
    throw new TlsError("handshake_failure", "the server resumes the session without renegotiation_info", {
      code: "renegotiation_mismatch",
    });
  // The fragment length is a property of the session, whether the server repeats it or not (RFC 6066 §4).
  const maxFragmentLength = agreement.maxFragmentLength ?? (state.maxFragmentLength || undefined);
  return agreement.recordSizeLimit ? agreement : { ...agreement, maxFragmentLength };
}

type NewTicket = NonNullable<NewClientSession["ticket"]>;

/**
 * True if a ClientHello has room for the ticket. With a longer ticket, every handshake would fail until the session
 * expires.
 */
const fits = ({ ticket }: NewTicket): boolean => ticket.length <= maxTicket;

/**
 * The same session under a new ticket. The age of the session does not change. If the new ticket is empty (RFC 5077
 * §3.3) or too long, the client keeps the old one.
 */
function renewed(
  config: ClientConfig,
  state: SessionState,
  newTicket: NewTicket,
  peer: VerifiedPeer | undefined,
): SessionState {
  const { lifetimeHint, ticket } = newTicket;
  if (!ticket.length || !fits(newTicket)) return state;
  const expires = expiry(seconds(config.now()), state.created, lifetimeHint || sessionLifetime, peer);
  return { ...state, expires, sessionId: emptyBytes, ticket };
}
