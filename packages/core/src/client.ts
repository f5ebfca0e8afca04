/**
 * The client alone: server code is unreachable from here.
 * @module
 */
export * from "./base.ts";
export { type ConnectOptions, connect } from "./connection/connect.ts";
export { type Grease, grease } from "./handshake/grease.ts";
