/**
 * The options of this package's functions, in addition to core's. `options.ts` of core explains the rows.
 * @module
 */

export const listenTcpOptions: readonly string[] = ["string host", "0~65535 port"];

export const listenWebSocketOptions: readonly string[] = [
  ...listenTcpOptions,
  "function server.on allow",
  "string path",
  "string[] origins hosts",
  "object|boolean heartbeat",
];

export const heartbeatOptions: readonly string[] = ["ms interval timeout"];

export const connectTcpOptions: readonly string[] = ["string! host", "1~65535! port"];

export const connectWebSocketOptions: readonly string[] = [
  "string|string[] protocols",
  "object headers agent",
  "any ca",
  "ms handshakeTimeout",
];

export const nodeCredentialOptions: readonly string[] = [
  "any! cert key",
  "string passphrase",
  "bytes|function ocspResponse",
  "bytes signedCertificateTimestamps",
];

export const socketOptions: readonly string[] = ["boolean allowHalfOpen", "ms closeTimeout"];
