/**
 * The server alone.
 * @module
 */
export * from "./base.ts";
export { type AcceptOptions, accept, acceptWith, serverConfig, withCredentials } from "./stream/accept.ts";
export type { ServerSessionOptions } from "./stream/serverSessions.ts";
