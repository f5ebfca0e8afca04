/**
 * The exports of both `client` and `server`: suites, groups, schemes, session stores, certificates, types, errors.
 * @module
 */
export type { Bytes } from "./bytes/bytes.ts";
export type { ByteReadable } from "./connection/byteReadable.ts";
export type { ClientCredentials } from "./connection/clientCredentials.ts";
export type { TlsConnection } from "./connection/connection.ts";
export type { CommonOptions } from "./connection/options.ts";
export { type KeepSessionsOptions, keepSessions, type MemoryStoreOptions, memoryStore } from "./connection/sessions.ts";
export type { Memory, NextTurn, SendResult, Transport, TransportEvents } from "./connection/transport.ts";
export type { FiniteField } from "./crypto/finiteField.ts";
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
export { noble } from "./crypto/lazyNoble.ts";
export type * from "./crypto/provider.ts";
export {
  defaultSchemes,
  ecdsa_secp256r1_sha256,
  ecdsa_secp384r1_sha384,
  ecdsa_secp521r1_sha512,
  ed25519,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
  rsa_pss_pss_sha256,
  rsa_pss_pss_sha384,
  rsa_pss_pss_sha512,
  rsa_pss_rsae_sha256,
  rsa_pss_rsae_sha384,
  rsa_pss_rsae_sha512,
  type SignatureScheme,
} from "./crypto/signatures.ts";
export {
  type AlertDescription,
  alertDescriptions,
  type Fault,
  TlsError,
  type TlsErrorCode,
  type TlsErrorOptions,
} from "./errors.ts";
export type { Awaitable } from "./flow.ts";
export type { ClientHelloInfo, ClientSessions } from "./handshake/config.ts";
export type { ChannelBindingType } from "./handshake/exporter.ts";
export type { ClientPsk, KeyExchange, PresharedKey, ServerPsk } from "./handshake/keyExchange/exchange.ts";
export type { SessionStore } from "./handshake/resumption/store.ts";
export type { ReceivedCertificateRequest, Session } from "./handshake/session.ts";
export * from "./handshake/suites.ts";
export type { CipherSpec } from "./record/protection.ts";
export type { Traffic } from "./record/traffic.ts";
export type * from "./trace.ts";
export { type CertificateCache, certificateCache } from "./x509/cache.ts";
export {
  type Certificate,
  type Extension,
  type KeyUsage,
  type NameConstraints,
  parseCertificate,
  type SubjectAltNames,
} from "./x509/certificate.ts";
export type { ChainSource } from "./x509/chain.ts";
export type { Credential, OcspSource } from "./x509/credential.ts";
export type { Name } from "./x509/distinguishedName.ts";
export type { CertificateError } from "./x509/errors.ts";
export type { SignatureHash } from "./x509/key.ts";
export type { OcspPolicy } from "./x509/ocsp.ts";
export type { CertificateSource, TrustOptions } from "./x509/trust.ts";
export type { TrustPolicy, VerifiedPeer } from "./x509/verify.ts";
