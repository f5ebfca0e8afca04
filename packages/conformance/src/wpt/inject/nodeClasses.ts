import { CloseEvent, secureWebSocket, secureWebSocketStream, WebSocketError } from "@handclasp/node/websocket";
import { named } from "./named.ts";

/** Our classes for Node.js, by the names that the tests use. */
export const nodeClasses = (ca: string): Record<string, unknown> => ({
  WebSocket: named(secureWebSocket({ ca }), "WebSocket"),
  WebSocketStream: named(secureWebSocketStream({ ca }), "WebSocketStream"),
  WebSocketError,
  CloseEvent,
});
