/**
 * WebSockets whose messages travel in a channel: the class `SecureWebSocket`, classes for libraries that take one, and
 * the server's side.
 * @module
 */
import {
  byteSocketClass,
  messageSocketClass,
  type SecureWebSocketClass,
  type SecureWebSocket as Socket,
  type SocketOptions,
} from "@handclasp/websocket";

import { type ConnectOptions, connect, connectOptions } from "./connect.ts";

export type * from "@handclasp/websocket";
export { reconnect } from "@handclasp/websocket";

/** The options of {@link SecureWebSocket}. */
export type SecureWebSocketOptions = SocketOptions<ConnectOptions>;

/**
 * A class with the constructor `(url, protocols)`, for libraries that take a class of WebSockets.
 * @throws TlsError `configuration`
 * @example
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

export type SecureWebSocket = Socket;

/**
 * A WebSocket whose messages travel in a channel of Handclasp, to a server of Handclasp.
 * @example
 * const socket = new SecureWebSocket("wss://chat.example/room?id=1", { ca: pem });
 * socket.onmessage = ({ data }) => console.log(data);
 */
export const SecureWebSocket: SecureWebSocketClass<ConnectOptions> = secureWebSocket({});
