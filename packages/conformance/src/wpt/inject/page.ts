/**
 * Runs first in each realm of a page: puts our classes in the place of the browser's. bundle.ts makes a classic script
 * of this file, in which the identifier WebSocket means the browser's class.
 * @module
 */
import { secureWebSocket, secureWebSocketStream, WebSocketError } from "@handclasp/browser/websocket";
import { named } from "./named.ts";

declare const handclaspCa: string;

const replace = (name: string, value: unknown): unknown =>
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });

const options = { ca: handclaspCa };
replace("WebSocket", named(secureWebSocket(options), "WebSocket"));
replace("WebSocketStream", named(secureWebSocketStream(options), "WebSocketStream"));
replace("WebSocketError", WebSocketError);
