/**
 * The options of this package's functions, in addition to core's. `options.ts` of core explains the rows.
 * @module
 */
import { serverOptions } from "@handclasp/core/unstable/engine";

let server: readonly string[] | undefined;

/** The options of `createServer`. The same list each time, so that it is parsed only once. */
export function serverRows(): readonly string[] {
  server ??= [
    ...serverOptions(),
    "function onError observe log",
    "ms|boolean idleTimeout writeTimeout maxLifetime",
    "object|boolean admission",
  ];
  return server;
}

const keepAlive = "ms|boolean keepAlive";

export const listenTcpOptions: readonly string[] = ["string host", "0~65535 port", keepAlive];

export const listenWebSocketOptions: readonly string[] = [
  ...listenTcpOptions,
  "function server.on allow",
  "string path",
  "string[] origins hosts",
  "object|boolean heartbeat",
  "1~16|function trustProxy",
];

export const heartbeatOptions: readonly string[] = ["ms interval timeout"];

export const connectTcpOptions: readonly string[] = ["string! host", "1~65535! port", keepAlive];

export const connectWebSocketOptions: readonly string[] = [
  "string|string[] protocols",
  "object headers agent",
  "any ca",
  "ms handshakeTimeout",
  "object|boolean heartbeat",
  keepAlive,
];

export const nodeCredentialOptions: readonly string[] = [
  "any! cert key",
  "string passphrase",
  "bytes|function ocspResponse",
  "bytes signedCertificateTimestamps",
];

export const issuerOptions: readonly string[] = [
  "function! authority.sign allow",
  "60000~315360000000 lifetime",
  "ms timeout",
  "function revocations.has now onIssue",
];

export const prometheusOptions: readonly string[] = ["function! client.Histogram", "function register.registerMetric"];

export const socketOptions: readonly string[] = ["boolean allowHalfOpen", "ms closeTimeout"];

export const watchFilesOptions: readonly string[] = ["ms interval", "function onError onReload"];
