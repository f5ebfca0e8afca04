/**
 * WebSockets whose messages travel in a channel: the class `SecureWebSocket`, and classes for libraries that take one.
 * @module
 */
import type { ConnectOptions } from "@handclasp/core/client";
import { clientOptions } from "@handclasp/core/unstable";
import {
  byteSocketClass,
  messageSocketClass,
  type SecureWebSocketClass,
  type SecureWebSocket as Socket,
  type SocketOptions,
} from "@handclasp/websocket";

import { connect } from "./connect.ts";

export type * from "@handclasp/websocket";
export { reconnect } from "@handclasp/websocket";

/** The options of {@link SecureWebSocket}. */
export type SecureWebSocketOptions = SocketOptions<ConnectOptions>;

/**
 * A class with the constructor `(url, protocols)`, for libraries that take a class of WebSockets.
 * @throws TlsError `configuration`
 * @example
 * const client = new ReconnectingWebSocket("wss://chat.example/", [], { WebSocket: secureWebSocket({ ca }) });
 */
export const secureWebSocket = (options: SecureWebSocketOptions): SecureWebSocketClass<ConnectOptions> =>
  messageSocketClass(connect, clientOptions, options);

/**
 * As {@link secureWebSocket}, over plain bytes, for a TLS server behind a WebSocket relay that knows nothing of
 * Handclasp. The URL is that of the relay. A message is a piece of the stream of bytes, in both directions, and a text
 * is sent as UTF-8. Protocols are offered by ALPN.
 * @throws TlsError `configuration`
 */
export const secureByteSocket = (options: SecureWebSocketOptions): SecureWebSocketClass<ConnectOptions> =>
  byteSocketClass(connect, clientOptions, options);

export type SecureWebSocket = Socket;

/**
 * A WebSocket whose messages travel in a channel of Handclasp, to a server of Handclasp.
 * @example
 * const socket = new SecureWebSocket("wss://chat.example/room?id=1", { ca: pem });
 * socket.onmessage = ({ data }) => console.log(data);
 */
export const SecureWebSocket: SecureWebSocketClass<ConnectOptions> = secureWebSocket({});
