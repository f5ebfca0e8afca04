/**
 * Handclasp for pages: WebCrypto and the native WebSocket.
 * @module
 */
export * from "@handclasp/core/client";
export { connect } from "./connect.ts";
export { defaultProvider, webCrypto } from "./crypto/webCrypto.ts";
export { webSocketTransport } from "./transport/webSocket.ts";
