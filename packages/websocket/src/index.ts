/**
 * The classes for WebSocket applications. Pages import them from `@handclasp/browser/websocket` and programs of Node.js
 * from `@handclasp/node/websocket`, which connect them to a carrier.
 * @module
 */
import type { ConnectOptions } from "@handclasp/core/client";

import { openByteLink } from "./byteLink.ts";
import type { Connect, SocketOptions } from "./link.ts";
import { openMessageLink } from "./messageLink.ts";
import type { SecureWebSocketClass } from "./socket.ts";
import { socketClass } from "./socketClass.ts";
import { type SecureWebSocketStreamClass, type StreamOptions, streamClass } from "./streamClass.ts";

export { CloseEvent, type CloseEventClass, type CloseEventInit, type SocketCloseEvent } from "./events.ts";
export type { Connect, Reconnect, SocketOptions } from "./link.ts";
export type { StreamChunk } from "./linkStreams.ts";
export { type ReconnectOptions, reconnect } from "./reconnectingLink.ts";
export type {
  SecureWebSocket,
  SecureWebSocketClass,
  SocketData,
  SocketErrorEvent,
  SocketEventMap,
  SocketRestartEvent,
} from "./socket.ts";
export type {
  OpenStream,
  SecureWebSocketStream,
  SecureWebSocketStreamClass,
  StreamOptions,
} from "./streamClass.ts";
export { type WebSocketCloseInfo, WebSocketError, type WebSocketErrorClass } from "./webSocketError.ts";

/** Makes a class of sockets over messages. */
export const messageSocketClass = <Options extends ConnectOptions>(
  connect: Connect<Options>,
  rows: () => readonly string[],
  defaults: SocketOptions<Options>,
): SecureWebSocketClass<Options> => socketClass((target) => openMessageLink(connect, target), rows, defaults);

/** Makes a class of sockets over plain bytes. */
export const byteSocketClass = <Options extends ConnectOptions>(
  connect: Connect<Options>,
  rows: () => readonly string[],
  defaults: SocketOptions<Options>,
): SecureWebSocketClass<Options> => socketClass((target) => openByteLink(connect, target), rows, defaults);

/** Makes a class of streams over messages. */
export const messageStreamClass = <Options extends ConnectOptions>(
  connect: Connect<Options>,
  rows: () => readonly string[],
  defaults: StreamOptions<Options>,
): SecureWebSocketStreamClass<Options> => streamClass((target) => openMessageLink(connect, target), rows, defaults);
