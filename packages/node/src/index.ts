/**
 * Handclasp for Node: node:crypto, `ws` and TCP.
 * @module
 */
export * from "@handclasp/core";
export type { AdmissionLimits, AdmissionOptions } from "./admission/admission.ts";
export type { TrustProxy } from "./admission/clientAddress.ts";
export type { TimeoutOptions } from "./admission/expiry.ts";
export type { LimitName, RefusedConnection, RequestRefusal } from "./admission/refusals.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { type NodeCredentialOptions, nodeCredential } from "./crypto/credential.ts";
export { nodeCrypto } from "./crypto/nodeCrypto.ts";
export type {
  Attributes,
  LogFunction,
  LogLevel,
  ObservedServer,
  ServerEvent,
  ServerMeasures,
} from "./observe/events.ts";
export type { ObserveOptions } from "./observe/observation.ts";
export { type ConnectionHandler, createServer, TlsServer } from "./server.ts";
export type { ServerOptions } from "./serverOptions.ts";
export { systemRoots } from "./systemRoots.ts";
export { type ConnectWebSocketOptions, connectWebSocket } from "./transport/connectWebSocket.ts";
export type { HeartbeatOptions } from "./transport/heartbeat.ts";
export type { KeepAliveOptions } from "./transport/keepAlive.ts";
export type { Listener, ListenTcpOptions } from "./transport/listener.ts";
export { listenTcp } from "./transport/listenTcp.ts";
export { type ListenWebSocketOptions, listenWebSocket } from "./transport/listenWebSocket.ts";
export type { OnRefused, RequestRules } from "./transport/requestRules.ts";
export { type ConnectTcpOptions, connectTcp, tcpTransport } from "./transport/tcp.ts";
export { webSocketTransport } from "./transport/webSocket.ts";
export { type FileWatcher, type WatchFilesOptions, watchFiles } from "./watchFiles.ts";
