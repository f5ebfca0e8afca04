import { secureWebSocket } from "@handclasp/node/websocket";
import { named } from "./named.ts";

/** Our classes for Node.js, by the names that the tests use. */
export function nodeClasses(ca: string): Record<string, unknown> {
  return { WebSocket: named(secureWebSocket({ ca }), "WebSocket") };
}
