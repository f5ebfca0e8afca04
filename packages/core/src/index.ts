/**
 * TLS 1.2, client and server, over any transport.
 * @module
 */
export * from "./client.ts";
export * from "./ocsp.ts";
export * from "./server.ts";
