/**
 * The client. No server code is reachable from this module, except the server's half of each key exchange.
 * @module
 */
export * from "./base.ts";
export { type ConnectOptions, connect } from "./connection/connect.ts";
export { type Grease, grease } from "./handshake/grease.ts";
