/**
 * The server. `connect` is not reachable from this module.
 * @module
 */
export * from "./base.ts";
export {
  type AcceptOptions,
  accept,
  type ReloadOptions,
  type ServerConfiguration,
  type ServerCredentials,
  serverConfig,
} from "./connection/accept.ts";
export type { ClientOptions } from "./connection/clientRules.ts";
export type { ServerSessionOptions } from "./connection/serverSessions.ts";
