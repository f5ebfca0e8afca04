/**
 * A client that resumes: what it offers, the abbreviated handshake, and what it keeps.
 * @module
 */
import { ascii, equal, toHex } from "../../bytes/bytes.ts";
import { configurationError, TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import { maxTicket, sessionLifetime } from "../../limits.ts";
import { finished, newSessionTicket } from "../../wire/messages.ts";
import type { VerifiedPeer } from "../../x509/verify.ts";
import type { Hellos } from "../agreement.ts";
import type { ClientConfig, NewClientSession, SessionKeeper } from "../config.ts";
import type { Peer } from "../peer.ts";
import { Secrets } from "../secrets.ts";
import { type Agreement, type Established, sessionOf } from "../session.ts";
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

/**
 * Keeps the sessions of clients in a store, which answers in time and does not throw.
 */
export function sessionsIn(store: SessionStore, tickets: boolean): SessionKeeper {
  /** The abbreviated handshake, RFC 5246 §7.3, figure 2, left column, from ServerHello on. */
  function* resume(
    peer: Peer,
    config: ClientConfig,
    state: SessionState,
    server: VerifiedPeer | undefined,
    { agreement: answered, clientRandom, serverRandom }: Hellos,
  ): Flow<Established> {
    const secrets = new Secrets(peer, config, answered.suite, clientRandom, serverRandom);
    try {
      checkAnswer(state, answered);
      // It stays with the session, said again or not (RFC 6066 §4).
      const maxFragmentLength = answered.maxFragmentLength ?? (state.maxFragmentLength || undefined);
      const agreement = answered.recordSizeLimit ? answered : { ...answered, maxFragmentLength };
      peer.agree(agreement);
      secrets.resume(state.masterSecret);
      peer.transcript.forgetBytes();
      const keys = yield* secrets.protect(agreement);
      const renewal = agreement.ticket ? yield* peer.expect(newSessionTicket) : undefined; //          <-- NewSessionTicket*
      yield* peer.expectChangeCipherSpec(keys.server); //                                                  [ChangeCipherSpec]
      const first = yield* peer.expectFinished(() => secrets.verifyData("server")); //                 <-- Finished
      peer.sendChangeCipherSpec(keys.client); //                                        [ChangeCipherSpec]
      peer.send(finished, { verifyData: secrets.verifyData("client") }); //             Finished           -->
      peer.endHandshake();
      return {
        session: sessionOf("client", agreement, config.serverName, { peer: server, sessionPsk: sessionPskOf(state) }),
        exporter: secrets.exporter(agreement, first, server?.certificate),
        forget: yield* keepRenewed(state, renewal && renewed(config, state, renewal, server)),
      };
    } finally {
      secrets.wipe();
    }
  }

  function* put(state: SessionState): Flow<() => void> {
    yield* callHook(() => store.set(toHex(state.binding), writeSessionState(state), state.expires * 1000));
    return dropping(state);
  }

  const dropping =
    ({ binding }: SessionState) =>
    (): void =>
      void store.delete(toHex(binding));

  /** What did not change stays as the store has it by now: another connection, or the user, may have dropped it meanwhile. */
  function* keepRenewed(old: SessionState, next = old): Flow<() => void> {
    return next === old ? dropping(old) : yield* put(next);
  }

  return {
    tickets,

    configure(scope) {
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
      if (now < state.created || now >= state.expires) return "expired";
      const sessionPsk = sessionPskOf(state);
      if (
        sessionPsk &&
        !(suite.keyExchange.stillHasKey && (yield* suite.keyExchange.stillHasKey.client(config, sessionPsk)))
      )
        return "pre_shared_key";
      const server = yield* verifiedPeerOf(state, config.trust, config);
      if (!server && suite.keyExchange.certified) return "untrusted";
      return {
        state,
        resume: (peer, hellos) => resume(peer, config, state, server, hellos),
        forget: () => callHook(() => store.delete(toHex(binding))),
      };
    },

    *keep(config, made) {
      const ticket = made.ticket && fits(made.ticket) ? made.ticket.ticket : emptyBytes;
      const sessionId = ticket.length ? emptyBytes : made.sessionId;
      // Without extended_master_secret it could be somebody else's session too (RFC 7627 §1); and who a function makes us next time, nobody knows.
      if (!made.agreement.extendedMasterSecret || made.chose || !(ticket.length || sessionId.length)) return undefined;
      const lifetime = made.ticket?.lifetimeHint || sessionLifetime;
      const state = newSessionState(made, clientBinding(config), seconds(config.now()), lifetime);
      return yield* put({ ...state, serverName: ascii(config.serverName ?? ""), sessionId, ticket });
    },
  };
}

/** What a server that resumes must not change (RFC 5246 §7.4.1.3, RFC 7627 §5.3, RFC 5746 §3.5). */
function checkAnswer(state: SessionState, agreement: Agreement): void {
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
}

type NewTicket = NonNullable<NewClientSession["ticket"]>;

/** One that a ClientHello has no room for would make an end of every connection until it is over. */
const fits = ({ ticket }: NewTicket): boolean => ticket.length <= maxTicket;

/** The same session under another ticket: it is as old as it was. An empty one means to keep the old (RFC 5077 §3.3). */
function renewed(
  config: ClientConfig,
  state: SessionState,
  made: NewTicket,
  peer: VerifiedPeer | undefined,
): SessionState {
  const { lifetimeHint, ticket } = made;
  if (!ticket.length || !fits(made)) return state;
  const expires = expiry(seconds(config.now()), state.created, lifetimeHint || sessionLifetime, peer);
  return { ...state, expires, sessionId: emptyBytes, ticket };
}
