/**
 * The server alone.
 * @module
 */
export * from "./base.ts";
export { type AcceptOptions, accept, acceptWith, serverConfig } from "./stream/accept.ts";
