/**
 * Handclasp for web pages: WebCrypto and the browser's WebSocket.
 * @module
 */
export * from "@handclasp/core/client";
export { connect } from "./connect.ts";
export { defaultProvider, webCrypto } from "./crypto/webCrypto.ts";
export { webSocketTransport } from "./transport/webSocket.ts";
