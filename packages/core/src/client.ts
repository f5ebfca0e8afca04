/**
 * The client. No server code is reachable from this module.
 * @module
 */
export * from "./base.ts";
export { type ConnectOptions, connect } from "./connection/connect.ts";
export { type Grease, grease } from "./handshake/grease.ts";
