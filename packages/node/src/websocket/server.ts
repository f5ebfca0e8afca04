/**
 * The server's side of `SecureWebSocket`: a handler for each client, in the style of the package `ws`.
 * @module
 */
import type { IncomingMessage } from "node:http";
import { type Session, type TlsConnection, TlsError } from "@handclasp/core";
import { MessageSessions } from "@handclasp/core/message-sessions";
import {
  type AcceptMessagesOptions,
  acceptMessages,
  isToken,
  type Messages,
  messageAlpn,
  messageProtocols,
  type Opening,
} from "@handclasp/core/messages";
import { configurationError, optionsOf, wrongOption } from "@handclasp/core/unstable";
import { withExplanationSync } from "@handclasp/core/unstable/engine";

import { fixedOptions, peerErrors, stopHooks } from "../handlerHooks.ts";
import { serverRows } from "../optionTables.ts";
import { type ConnectionHandler, createServer, type TlsServer } from "../server.ts";
import type { ServerOptions } from "../serverOptions.ts";
import { runHandler, ServerSocket } from "./serverSocket.ts";

/** The request of a client for a socket, and the identity of the client. */
export interface SocketRequest {
  /** The path and the query of the client's URL, such as `/chat?room=1`. They came inside the channel. */
  readonly url: string;
  /** The protocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
  /** The result of the handshake. */
  readonly session: Session;
  /** The address of the client, or of a proxy in between. */
  readonly remoteAddress: string | undefined;
  /**
   * The request of the outer WebSocket, which proxies can read and change. `undefined` over TCP. It takes memory: do
   * not keep it for as long as the socket is open.
   */
  readonly upgrade: IncomingMessage | undefined;
}

/**
 * Called for each client. Listen to the socket's events in it. Afterwards the socket stays open until one side closes
 * it. If the handler throws, or its promise rejects, the socket closes with 1011, and the server's `onError` gets the
 * error.
 */
export type SocketHandler = (socket: ServerSocket, request: SocketRequest) => unknown;

export interface WebSocketHandlerOptions {
  /** The protocols of the server, in order of preference. A client that offers only others is refused. */
  readonly protocols?: readonly string[];
  /**
   * Decides whether a client may open a socket. Only `true`, or a promise of it, allows it. A client that is refused
   * gets `close` with 1006, and never `open`. Each client waits one round trip longer for `open`.
   */
  readonly allow?: (request: SocketRequest) => boolean | PromiseLike<boolean>;
  /**
   * Keeps the sessions of clients with `reconnect`: a socket stays open while its client is away, and no message is
   * lost or repeated. Default: `new MessageSessions()`. Give one of your own for other limits.
   */
  readonly sessions?: MessageSessions;
  /** The most bytes of a message that a client may send. Default 16 MiB. */
  readonly maxMessage?: number;
  /** How long a client may take to say what it asks for, in milliseconds. Default 10,000. */
  readonly openingTimeout?: number;
  /** How long `close` waits for the client, in milliseconds. Default 5,000. */
  readonly closeTimeout?: number;
}

/** The options of {@link createWebSocketServer}: those of `createServer` except ALPN, and those of the sockets. */
export interface WebSocketServerOptions extends Omit<ServerOptions, "alpn" | "requireAlpn">, WebSocketHandlerOptions {
  readonly closeTimeout?: number;
}

const socketRows: readonly string[] = [
  "string[] protocols",
  "function allow sessions.find",
  "1~2147483647 maxMessage",
  "ms openingTimeout",
];
const handlerRows: readonly string[] = [...socketRows, "ms closeTimeout"];
let rows: readonly string[] | undefined;

/**
 * Makes a server for `SecureWebSocket`. It accepts clients once you call `listenWebSocket` or `listenTcp`. When you
 * close the server, each socket closes with 1001.
 * @throws TlsError `configuration`
 * @example
 * const credentials = nodeCredential({ cert, key });
 * const server = createWebSocketServer({ credentials }, (socket, request) => {
 *   socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
 *   socket.on("close", (code) => console.log(request.url, code));
 * });
 * await server.listenWebSocket({ port: 8443 });
 */
export const createWebSocketServer = (options: WebSocketServerOptions, handler: SocketHandler): TlsServer =>
  withExplanationSync(() => {
    for (const option of ["alpn", "requireAlpn"])
      if ((options as Record<string, unknown> | undefined)?.[option] !== undefined)
        throw configurationError(
          `${option}: createWebSocketServer sets it`,
          "leave it out; for a server of other protocols too, use createServer with webSocketHandler",
        );
    rows ??= [...serverRows(), ...socketRows];
    const { protocols, allow, sessions, maxMessage, openingTimeout, ...others } = optionsOf(options, rows);
    const { closeTimeout, handshakeTimeout } = others;
    const timeouts = { closeTimeout, openingTimeout: openingTimeout ?? handshakeTimeout };
    const own = { protocols, allow, sessions, maxMessage, ...timeouts };
    // A client without protocols counts as open at once, unless the server promises to answer.
    const alpn = allow ? [messageAlpn.answered] : messageProtocols;
    const server = createServer({ ...others, alpn, requireAlpn: true }, webSocketHandler(defined(own), handler));
    fixedOptions.set(server, ["alpn", "requireAlpn"]);
    return server;
  });

/**
 * Makes a handler of connections from a handler of sockets, for a server that speaks other ALPN protocols too. Give
 * the server `alpn: messageProtocols`, or with `allow` `[messageAlpn.answered]`, so that a client that is refused never
 * gets `open`.
 * @throws TlsError `configuration`
 * @example
 * const chat = webSocketHandler({ protocols: ["chat"] }, (socket) => socket.send("hello"));
 * const options = { credentials: credential, alpn: [...messageProtocols, "echo"], requireAlpn: true };
 * const server = createServer(options, (channel, request) =>
 *   channel.session.alpn === "echo" ? channel.readable.pipeTo(channel.writable) : chat(channel, request),
 * );
 */
export const webSocketHandler = (options: WebSocketHandlerOptions, handler: SocketHandler): ConnectionHandler =>
  withExplanationSync(() => {
    const { allow, sessions = new MessageSessions(), ...rest } = optionsOf(options, handlerRows);
    const { protocols = [] } = rest;
    const others = { ...rest, sessions };
    if (typeof handler !== "function")
      throw wrongOption("the handler of sockets", handler, "a function after the options: (socket, request) => …");
    if (!protocols.every(isToken) || new Set(protocols.map((one) => one.toLowerCase())).size < protocols.length)
      throw wrongOption("protocols", protocols, "tokens (RFC 6455 §4.1), each once");
    return (channel, upgrade) =>
      // Separate functions, so that the request and its headers do not stay in memory as long as the socket.
      open(channel, upgrade, others, allow, handler).then((running) => running.closed);
  });

/** Accepts the messages of a channel, and runs the handler of their socket. */
async function open(
  channel: TlsConnection,
  upgrade: IncomingMessage | undefined,
  options: AcceptMessagesOptions,
  allow: WebSocketHandlerOptions["allow"],
  handler: SocketHandler,
): Promise<{ readonly closed: Promise<void> }> {
  let request: SocketRequest | undefined;
  const requestOf = ({ path, protocols }: Opening): SocketRequest => {
    const { session, remoteAddress } = channel;
    request ??= { url: path, protocols, session, remoteAddress, upgrade };
    return request;
  };
  let isStopping = false;
  stopHooks.set(channel, () => {
    isStopping = true;
  });
  const socketOptions = allow ? { ...options, allow: (opening: Opening) => allow(requestOf(opening)) } : options;
  const { messages, opening, isResumed } = await acceptMessages(channel, socketOptions).catch(
    async (error: unknown) => {
      if (!TlsError.is(error) || error.fault === "configuration") throw error;
      // The client gets a Close, which the server would cut off if this promise rejected at once.
      await channel.closed.catch(() => {});
      if (error.fault !== "application") peerErrors.add(error);
      throw error;
    },
  );
  const known = isResumed ? sockets.get(messages) : undefined;
  const socket = known ?? new ServerSocket(messages);
  closeAtStop(channel, socket, opening.session !== undefined);
  if (isStopping) socket.close(goingAway);
  // The handler of a client that has come back is at work already.
  if (known) return { closed: channel.closed.catch(() => {}) };
  if (opening.session) sockets.set(messages, socket);
  return { closed: runHandler(socket, () => (isStopping ? undefined : handler(socket, requestOf(opening)))) };
}

/** The sockets of sessions. */
const sockets = new WeakMap<Messages, ServerSocket>();

/** A separate function, because a closure in `open` would keep the request in memory. */
function closeAtStop(channel: TlsConnection, socket: ServerSocket, isSession: boolean): void {
  stopHooks.set(channel, (why) => {
    // The session outlives its channel: the client continues it on another one.
    if (why === "old" && isSession) void channel.close();
    else socket.close(goingAway);
  });
}

/** RFC 6455 §7.4.1: the server is stopping. */
const goingAway = 1001;

/** The options that are given. */
const defined = (options: { readonly [Name in keyof WebSocketHandlerOptions]: unknown }): WebSocketHandlerOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
