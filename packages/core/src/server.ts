/**
 * The server. `connect` is not reachable from this module.
 * @module
 */
export * from "./base.ts";
export {
  type AcceptOptions,
  accept,
  type ServerConfiguration,
  type ServerCredentials,
  serverConfig,
} from "./connection/accept.ts";
export type { ServerSessionOptions } from "./connection/serverSessions.ts";
