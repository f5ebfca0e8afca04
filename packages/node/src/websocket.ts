/**
 * WebSockets whose messages travel in a channel: the class `SecureWebSocket`, classes for libraries that take one, and
 * the server's side.
 * @module
 */
import {
  byteSocketClass,
  messageSocketClass,
  messageStreamClass,
  type SecureWebSocketClass,
  type SecureWebSocketStreamClass,
  type SecureWebSocket as Socket,
  type SocketOptions,
  type SecureWebSocketStream as Stream,
  type StreamOptions,
} from "@handclasp/websocket";

import { type ConnectOptions, connect, connectOptions } from "./connect.ts";

export { MessageSessions, type MessageSessionsOptions } from "@handclasp/core/message-sessions";
export { messageAlpn, messageProtocols } from "@handclasp/core/messages";
export type * from "@handclasp/websocket";
export { CloseEvent, reconnect, WebSocketError } from "@handclasp/websocket";
export type { ServerSocketData, ServerSocketInput } from "./websocket/messageData.ts";
export {
  createWebSocketServer,
  type SocketHandler,
  type SocketRequest,
  type WebSocketHandlerOptions,
  type WebSocketServerOptions,
  webSocketHandler,
} from "./websocket/server.ts";
export { ServerSocket, type ServerSocketEvents, type ServerSocketSendOptions } from "./websocket/serverSocket.ts";

// The constants of the same names below would hide these types of `export type *`.
export type SecureWebSocket = Socket;
export type SecureWebSocketStream = Stream;

/** The options of {@link SecureWebSocket}. */
export type SecureWebSocketOptions = SocketOptions<ConnectOptions>;

/** The options of {@link SecureWebSocketStream}. */
export type SecureWebSocketStreamOptions = StreamOptions<ConnectOptions>;

/**
 * A class with the constructor `(url, protocols)`, for libraries that take a class of WebSockets.
 * @throws TlsError `configuration`
 * @example
 * import { createClient } from "graphql-ws";
 * const client = createClient({ url: "wss://chat.example/graphql", webSocketImpl: secureWebSocket({ ca }) });
 */
export const secureWebSocket = (options: SecureWebSocketOptions): SecureWebSocketClass<ConnectOptions> =>
  messageSocketClass(connect, connectOptions, options);

/**
 * As {@link secureWebSocket}, over plain bytes, for a TLS server behind a WebSocket relay that knows nothing of
 * Handclasp. The URL is that of the relay. A message is a piece of the stream of bytes, in both directions, and a text
 * is sent as UTF-8. Protocols are offered by ALPN.
 * @throws TlsError `configuration`
 */
export const secureByteSocket = (options: SecureWebSocketOptions): SecureWebSocketClass<ConnectOptions> =>
  byteSocketClass(connect, connectOptions, options);

/**
 * A WebSocket whose messages travel in a channel of Handclasp, to a server of Handclasp.
 * @example
 * const socket = new SecureWebSocket("wss://chat.example/room?id=1", { ca: pem });
 * socket.onmessage = ({ data }) => console.log(data);
 */
export const SecureWebSocket: SecureWebSocketClass<ConnectOptions> = /* @__PURE__ */ secureWebSocket({});

/**
 * A class with the constructor `(url, options)` of WebSocketStream, with options for all its streams.
 * @throws TlsError `configuration`
 * @example
 * const DeviceStream = secureWebSocketStream({ ca: pem, carrier: "wss://relay.example/" });
 */
export const secureWebSocketStream = (
  options: SecureWebSocketStreamOptions,
): SecureWebSocketStreamClass<ConnectOptions> => messageStreamClass(connect, connectOptions, options);

/**
 * A WebSocketStream whose messages travel in a channel of Handclasp, to a server of Handclasp: with back-pressure in
 * both directions, in every engine.
 * @example
 * const { readable, writable } = await new SecureWebSocketStream("wss://log.example/all", { ca: pem }).opened;
 * await readable.pipeTo(writable);
 */
export const SecureWebSocketStream: SecureWebSocketStreamClass<ConnectOptions> = /* @__PURE__ */ secureWebSocketStream(
  {},
);
