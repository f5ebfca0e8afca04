/**
 * The server alone.
 * @module
 */
export * from "./base.ts";
export { type AcceptOptions, accept, acceptWith, serverConfig, withCredentials } from "./connection/accept.ts";
export type { ServerSessionOptions } from "./connection/serverSessions.ts";
