/**
 * The shape of node:tls over Handclasp, for programs and libraries that are written for node:tls. Nothing else in this
 * package loads this entry. docs/node-tls.md says what is the same and what differs.
 * @module
 */
export { checkServerIdentity, rootCertificates } from "node:tls";
export { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, getCiphers } from "./tls/ciphers.ts";
export { connect } from "./tls/connect.ts";
export type { DescribedSocket } from "./tls/describedSocket.ts";
export type { NodeError } from "./tls/errors.ts";
export { type AlpnProtocols, convertALPNProtocols } from "./tls/options.ts";
export type { PacedSocket } from "./tls/pacedSocket.ts";
export {
  createSecureContext,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  SecureContext,
} from "./tls/secureContext.ts";
export { createSecurePair } from "./tls/securePair.ts";
export { createServer, Server } from "./tls/server.ts";
export { TLSSocket } from "./tls/tlsSocket.ts";
export type {
  AlpnCallback,
  ConnectionOptions,
  PskNegotiation,
  SniCallback,
  TLSSocketOptions,
  TlsOptions,
} from "./tls/types.ts";
