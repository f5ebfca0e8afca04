/**
 * Every code that an error of Handclasp may have, beside the names of alerts. They are types alone, and cost nothing when the program runs; docs/errors.md
 * says what each means.
 * @module
 */

/** What is wrong with a certificate or with the path to it. */
export type CertificateFault =
  | "unknown_issuer"
  | "expired"
  | "not_yet_valid"
  | "key_usage"
  | "extended_key_usage"
  | "weak_key"
  | "weak_signature"
  | "bad_signature"
  | "malformed"
  | "name_mismatch"
  | "not_a_ca"
  | "path_length"
  | "name_constraint"
  | "unknown_critical_extension"
  | "budget"
  | "pin"
  | "untrusted";

/** What is wrong with a status, or the lack of one. */
export type OcspFault =
  /** The issuer took the certificate back. */
  | "revoked"
  /** Not DER, not a basic response, or not successful. */
  | "ocsp_malformed"
  /** Not signed by the issuer, or by whom it authorised to. */
  | "ocsp_signature"
  /** Out of date, or not yet valid. */
  | "ocsp_expired"
  /** It says "unknown", or speaks of another certificate. */
  | "ocsp_unknown"
  /** None came, and one was needed. */
  | "ocsp_missing"
  /** Nobody issued the certificate that we could ask: it is trusted by itself. */
  | "ocsp_issuer";

/** What a peer says that the protocol does not allow, where the alert for it says less. */
export type ProtocolFault =
  | "bad_alert"
  | "excess_alert_data"
  | "bad_dh_group"
  | "bad_dh_value"
  | "bad_ecpoint"
  | "duplicate_extension"
  | "empty_fragment"
  | "excess_handshake_data"
  | "excessive_message_size"
  | "handshake_too_large"
  | "invalid_alpn"
  | "invalid_compression_list"
  | "no_client_certificate"
  | "no_extended_master_secret"
  | "no_shared_cipher"
  | "no_uncompressed_points"
  | "not_tls"
  | "plain_http"
  | "renegotiation_mismatch"
  | "resumed_with_other_suite"
  | "resumed_without_extended_master_secret"
  | "too_many_empty_records"
  | "too_many_warning_alerts"
  | "unexpected_extension"
  | "unknown_alert"
  | "unsafe_legacy_renegotiation"
  | "wrong_certificate_type"
  | "wrong_cipher_returned"
  | "wrong_curve"
  | "wrong_signature_type";

/** Why there is no connection below TLS, or none any more. */
export type TransportFault =
  // No connection came about.
  | "connection_failed"
  | "connection_refused"
  | "connection_timeout"
  | "host_not_found"
  | "host_unreachable"
  | "not_loaded"
  // No WebSocket came about.
  | "not_a_websocket"
  | "outer_certificate"
  | "outer_tls"
  | "websocket_blocked"
  | "websocket_not_opened"
  | "websocket_refused"
  | "websocket_timeout"
  // Nobody can be listened to.
  | "address_in_use"
  | "address_not_available"
  | "address_not_permitted"
  | "listen_failed"
  // A listener let no WebSocket come about.
  | "host_refused"
  | "origin_refused"
  // A connection is gone.
  | "closed"
  | "closed_during_handshake"
  | "connection_lost"
  | "peer_gone"
  | "peer_left"
  | "truncated"
  // What carries the connection is none of ours, or carries what is no TLS.
  | "message_too_big"
  | "text_message"
  | "transport_failed";

/** What the program that uses Handclasp did, or left undone; and what is our own fault. */
export type LocalFault =
  | "aborted"
  | "close_timeout"
  | "closed_locally"
  | "configuration"
  | "error"
  | "handshake_timeout"
  | "hook_failed"
  | "inbound_overflow"
  | "key_exhausted"
  | "key_mismatch"
  | "no_psk"
  | "passphrase_needed"
  | "seal_timeout"
  | "usage"
  | "wrong_passphrase";

/** A fault that has a code of its own, because the alert's name says less or there is no alert. */
export type OwnCode = CertificateFault | OcspFault | ProtocolFault | TransportFault | LocalFault;
