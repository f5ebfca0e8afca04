/**
 * Opens message connections over channels: as client and as server.
 * @module
 */
import type { TlsConnection } from "../connection/connection.ts";
import { handshakeTimeoutError } from "../connection/errors.ts";
import { configurationError, TlsError } from "../errors.ts";
import { type Awaitable, ignore } from "../flow.ts";
import { maxMessage as defaultMaxMessage, handshakeTimeout, maxOpening } from "../limits.ts";
import { printable } from "../printable.ts";
import { optionsOf, wrongOption } from "../validation/options.ts";
import { MessageConnection, type MessageLimits } from "./connection.ts";
import { FrameError } from "./frameError.ts";
import type { Messages } from "./messages.ts";
import {
  type Answer,
  encodeOpening,
  isPath,
  isToken,
  messageAlpn,
  type Opening,
  readAnswer,
  readOpening,
} from "./opening.ts";
import type { MessageSessions } from "./sessions.ts";

/** The options of both sides. */
export interface MessageOptions extends Omit<MessageLimits, "maxMessage"> {
  /** The most bytes of a message that the peer may send. Default 16 MiB. */
  readonly maxMessage?: number | undefined;
  /** How long the peer may take for its opening, in milliseconds. Default 10,000. */
  readonly openingTimeout?: number | undefined;
}

export interface OpenMessagesOptions extends MessageOptions {
  /** The path and query that the client asks for. Default `"/"`. */
  readonly path?: string;
  /** The protocols that the client offers, in order of preference. With any, the server must select one. */
  readonly protocols?: readonly string[];
}

export interface AcceptMessagesOptions extends MessageOptions {
  /** The protocols of the server, in order of preference. A client that offers only others is refused. */
  readonly protocols?: readonly string[];
  /**
   * Decides whether a client may open. Only `true` allows it. A server with this option should select
   * `messageAlpn.answered` alone, so that a client without protocols waits for the answer too.
   */
  readonly allow?: (opening: Opening, channel: TlsConnection) => Awaitable<boolean>;
  /** Keeps the sessions of clients that reconnect. Default: a client that loses its connection begins anew. */
  readonly sessions?: MessageSessions;
}

/** A client's connection or session. */
export interface Accepted {
  readonly messages: Messages;
  readonly opening: Opening;
  /** True if the client continues a session. Its handler is already at work with the same `messages`. */
  readonly isResumed: boolean;
}

const commonRows = ["1~2147483647 maxMessage", "ms closeTimeout openingTimeout", "function onSent"];
const openRows: readonly string[] = [...commonRows, "string path", "string[] protocols"];
const acceptRows: readonly string[] = [...commonRows, "string[] protocols", "function allow sessions.find"];

/** The ALPN identifiers that a client offers, and that a server without `allow` and protocols selects from. */
export const messageProtocols: readonly string[] = [messageAlpn.open, messageAlpn.answered];

/**
 * Opens a message connection as client, over a channel that was opened with `alpn: messageProtocols`. Without
 * `protocols`, it costs no round trip unless the server answers each opening.
 * @throws TlsError `no_application_protocol` if the server does not speak the framing, `open_refused`,
 *   `wrong_protocol`, `handshake_timeout`, or the error that ended the channel
 * @example
 * const messages = await openMessages(await connect(url, { ca, alpn: messageProtocols }), { path: "/chat" });
 */
export async function openMessages(
  channel: TlsConnection,
  options: OpenMessagesOptions = {},
): Promise<MessageConnection> {
  const { path = "/", protocols = [], ...rest } = optionsOf(options, openRows);
  return (await openSession(channel, { path, protocols }, rest)).connection;
}

/** As `openMessages`, with the server's answer. Waits for the answer if the client continues a session. */
export async function openSession(
  channel: TlsConnection,
  opening: Opening,
  options: MessageOptions,
): Promise<{ readonly connection: MessageConnection; readonly answer: Answer }> {
  const { openingTimeout, maxMessage = defaultMaxMessage, ...limits } = options;
  const { path, protocols, session } = opening;
  checkProtocols(protocols);
  if (!isPath(path)) throw wrongOption("path", path, "/…, percent-encoded");
  const payload = encodeOpening(opening);
  if (payload.length > maxOpening) throw configurationError(`path and protocols have more than ${maxOpening} bytes`);
  const isAnswered = agreedAlpn(channel) === messageAlpn.answered || protocols.length > 0 || session;
  const connection = new MessageConnection(channel, { maxMessage, ...limits });
  connection.sendOpening(payload);
  const answer = isAnswered
    ? await readInTime(connection, true, (bytes) => readAnswer(bytes, opening), openingTimeout)
    : { protocol: "" };
  return { connection: connection.start(answer.protocol), answer };
}

/**
 * Accepts a message connection as server, over a channel of a server with `alpn: messageProtocols`.
 * @throws TlsError `open_refused` if this side refused the client, `invalid_frame`, `handshake_timeout`, or the error
 *   that ended the channel
 * @example
 * const { messages } = await acceptMessages(channel, { allow: ({ path }) => path === "/chat" });
 */
export async function acceptMessages(channel: TlsConnection, options: AcceptMessagesOptions = {}): Promise<Accepted> {
  const {
    protocols = [],
    allow,
    sessions,
    openingTimeout,
    maxMessage = defaultMaxMessage,
    ...limits
  } = optionsOf(options, acceptRows);
  checkProtocols(protocols);
  const isAnswered = agreedAlpn(channel) === messageAlpn.answered;
  const connection = new MessageConnection(channel, { maxMessage, ...limits });
  const opening = await readInTime(connection, false, readOpening, openingTimeout);
  const refuse = (code: number, reason: string, error: TlsError): never => {
    connection.close(code, reason).catch(ignore);
    throw error;
  };
  if (allow) {
    let allowed: unknown;
    try {
      allowed = await allow(opening, channel);
    } catch (cause) {
      return refuse(1011, "", hookError(cause));
    }
    if (allowed !== true) return refuse(1008, "not allowed", refused("allow did not return true"));
  }
  const protocol = protocols.find((one) => opening.protocols.includes(one)) ?? "";
  if (opening.protocols.length && !protocol)
    return refuse(
      1008,
      "no common protocol",
      refused(`it offers the protocols ${printable(opening.protocols.join(), 200)}, not ${protocols.join() || "none"}`),
    );
  if (opening.session && sessions) {
    const { id, received, closing } = opening.session;
    const known = sessions.find(id, channel, opening.path, protocol);
    if (known === "foreign")
      return refuse(1008, "not your session", refused("it continues the session of another client, path or protocol"));
    // The client cannot know whether its Close has arrived, if it lost the connection behind it.
    if (!known && closing)
      return refuse(1000, "the session has ended", refused("it comes back to close a session that has ended"));
    // A new session has nothing that the client could have received.
    const from = known ? known.startFor(received) : 0;
    if (from === undefined)
      return refuse(1002, "impossible session", refused("it received an impossible number of messages"));
    const messages = known ?? sessions.begin(id, channel, opening.path, protocol);
    const session = { resumed: known !== undefined, received: messages.received, from };
    connection.sendOpening(encodeOpening({ protocol, session }));
    messages.attach({ connection: connection.start(protocol), peerReceived: from, skip: 0 });
    return { messages, opening, isResumed: session.resumed };
  }
  if (isAnswered || opening.session || opening.protocols.length) connection.sendOpening(encodeOpening({ protocol }));
  return { messages: connection.start(protocol), opening, isResumed: false };
}

const hookError = (cause: unknown): TlsError =>
  new TlsError(undefined, "the function allow failed", { code: "hook_failed", fault: "application", cause });

function checkProtocols(protocols: readonly string[]): void {
  const lowerCase = protocols.map((one) => one.toLowerCase());
  if (!protocols.every(isToken) || new Set(lowerCase).size < protocols.length)
    throw wrongOption("protocols", protocols, "tokens (RFC 6455 §4.1), each once");
}

function agreedAlpn(channel: TlsConnection): string {
  const { alpn, role } = channel.session;
  if (alpn !== null && messageProtocols.includes(alpn)) return alpn;
  const message = `the channel does not carry messages: its ALPN protocol is ${alpn ?? "absent"}`;
  if (role === "server")
    throw configurationError(message, "give the server alpn: messageProtocols, and requireAlpn: true");
  throw new TlsError(undefined, message, {
    code: "no_application_protocol",
    advice: "use createWebSocketServer, or give server and client alpn: messageProtocols",
  });
}

const refused = (why: string): TlsError =>
  new TlsError(undefined, `a client was refused: ${why}`, { code: "open_refused" });

/** Reads the peer's opening. Ends the connection if it is invalid or does not arrive in time. */
async function readInTime<T>(
  messages: MessageConnection,
  isRefusable: boolean,
  read: (payload: Uint8Array) => T,
  ms: number = handshakeTimeout,
): Promise<T> {
  let error: unknown;
  const timer = setTimeout(() => {
    error = handshakeTimeoutError("the peer sent no opening", ms);
    messages.channel.abort(error);
  }, ms);
  try {
    return read(await messages.receiveOpening(isRefusable));
  } catch (thrown) {
    if (thrown instanceof FrameError) messages.fail(thrown);
    throw error ?? thrown;
  } finally {
    clearTimeout(timer);
  }
}
