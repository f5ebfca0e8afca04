/**
 * Handclasp for pages: WebCrypto and the native WebSocket.
 * @module
 */
export * from "@handclasp/core/client";
export { type ConnectOptions, connect } from "./connect.ts";
export { type BrowserCredentialOptions, browserCredential } from "./crypto/credential.ts";
export { defaultProvider, webCrypto } from "./crypto/webCrypto.ts";
export { webSocketTransport } from "./transport/webSocket.ts";
