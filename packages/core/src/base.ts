/**
 * What both roles share: rows, contracts, errors.
 * @module
 */
export { ascii, concat, equal, fromBase64, fromHex, latin1, toBase64, toHex, wipe } from "./bytes/bytes.ts";
export { derElement, derInteger } from "./bytes/der.ts";
export type { ClientCredential } from "./connection/clientCredential.ts";
export { TlsConnection } from "./connection/connection.ts";
export { transportError } from "./connection/errors.ts";
export type { CommonOptions } from "./connection/options.ts";
export { type KeepSessionsOptions, keepSessions, memoryStore } from "./connection/sessions.ts";
export type { Memory, NextTurn, SendResult, Transport, TransportEvents } from "./connection/transport.ts";
export {
  highWater,
  tellClosed,
  textMessage,
  type WebSocketLike,
  WebSocketSender,
} from "./connection/webSocketSender.ts";
export type { Credential, OcspSource } from "./crypto/credential.ts";
export { type FiniteField, finiteField } from "./crypto/finiteField.ts";
export {
  defaultGroups,
  type FiniteFieldGroup,
  ffdhe2048,
  ffdhe3072,
  ffdhe4096,
  finiteFieldGroups,
  type NamedCurve,
  type NamedGroup,
  secp256r1,
  secp384r1,
  secp521r1,
  x25519,
} from "./crypto/groups.ts";
export { noble } from "./crypto/lateNoble.ts";
export type * from "./crypto/provider.ts";
export { rsaKeyFault } from "./crypto/rsaKey.ts";
export * from "./crypto/signatures.ts";
export {
  type AlertDescription,
  alertDescriptions,
  configurationError,
  type Fault,
  TlsError,
  type TlsErrorOptions,
  usageError,
} from "./errors.ts";
export { type Awaitable, run } from "./flow.ts";
export type { CertificateRequested, ClientSessions } from "./handshake/config.ts";
export type { ChannelBindingType } from "./handshake/exporter.ts";
export type { ClientPsk, KeyExchange, PresharedKey, ServerPsk } from "./handshake/keyExchange/exchange.ts";
export type { SessionStore } from "./handshake/resumption/store.ts";
export type { Session } from "./handshake/session.ts";
export * from "./handshake/suites.ts";
export { maxTransportMessage } from "./limits.ts";
export type * from "./trace.ts";
export { type CertificateCache, certificateCache } from "./x509/cache.ts";
export { type Certificate, parseCertificate } from "./x509/certificate.ts";
export { type ChainSource, keyMismatch, readChain, verifyChain, verifyKey } from "./x509/chain.ts";
export type { OcspPolicy } from "./x509/ocsp.ts";
export { parsePemCertificates, pemBlocks } from "./x509/pem.ts";
export type { CertificateSource, TrustOptions, TrustPolicy, VerifiedPeer } from "./x509/verify.ts";
