/**
 * The codes that an error of Handclasp may have in addition to the names of alerts. They are only types, so they add
 * nothing to a bundle. `docs/errors.md` explains each code.
 * @module
 */

/** Faults of a certificate or of its certification path. */
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

/** Faults of a certificate's OCSP status, or of its absence. */
export type OcspFault =
  /** The issuer has revoked the certificate. */
  | "revoked"
  /** The response cannot be decoded, is no basic response, is not successful, or has an unknown critical extension. */
  | "ocsp_malformed"
  /** The signature is wrong or not accepted, or its signer is neither the issuer nor a responder that it authorised. */
  | "ocsp_signature"
  /** The response is out of date or not yet valid. */
  | "ocsp_expired"
  /** The response says "unknown", or is about another certificate. */
  | "ocsp_unknown"
  /** The server sent no response, and the policy or a certificate (must-staple) requires one. */
  | "ocsp_missing"
  /** The certificate is trusted by itself, so there is no issuer whose response could be verified. */
  | "ocsp_issuer";

/** Violations of the protocol by the peer, for which the code says more than the alert. */
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
  | "invalid_line"
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
  | "unread_plaintext"
  | "unsafe_legacy_renegotiation"
  | "wrong_certificate_type"
  | "wrong_cipher_returned"
  | "wrong_curve"
  | "wrong_signature_type";

/** Failures of the transport: it could not be opened, it ended, or it failed. */
export type TransportFault =
  // The connection could not be opened, or code for it did not load.
  | "connection_failed"
  | "connection_refused"
  | "connection_timeout"
  | "host_not_found"
  | "host_unreachable"
  | "not_loaded"
  // The WebSocket could not be opened.
  | "not_a_websocket"
  | "outer_certificate"
  | "outer_tls"
  | "websocket_blocked"
  | "websocket_not_opened"
  | "websocket_refused"
  | "websocket_timeout"
  // The server cannot listen.
  | "address_in_use"
  | "address_not_available"
  | "address_not_permitted"
  | "listen_failed"
  // A listener refused a connection, or to open a WebSocket.
  | "host_refused"
  | "origin_refused"
  | "overloaded"
  // The connection ended.
  | "closed"
  | "closed_during_handshake"
  | "connection_lost"
  | "peer_gone"
  | "peer_left"
  | "peer_unresponsive"
  | "truncated"
  // The transport failed, or carried a message that cannot be TLS.
  | "message_too_big"
  | "text_message"
  | "transport_failed";

/** Faults of the application or of Handclasp, and time limits that were exceeded. */
export type LocalFault =
  | "aborted"
  | "close_timeout"
  | "closed_locally"
  | "configuration"
  | "error"
  | "handshake_timeout"
  | "hook_failed"
  | "idle_timeout"
  | "inbound_overflow"
  | "key_exhausted"
  | "key_mismatch"
  | "no_psk"
  | "passphrase_needed"
  | "plaintext_timeout"
  | "seal_timeout"
  | "usage"
  | "write_timeout"
  | "wrong_passphrase";

/** Failures of messages inside a channel (docs/message-framing.md). */
export type MessageFault =
  /** The peer broke a rule of the framing. */
  | "invalid_frame"
  /** The peer ended the channel without a Close. */
  | "no_close"
  /** The server refused the path, the protocols or the client. */
  | "open_refused"
  /** The session has no connection now, or has lost it because the peer left or does not answer. */
  | "interrupted"
  /** More bytes of messages wait for the peer than the session may keep. */
  | "queue_full"
  /** The session ended: its client did not come back in time, or the server has lost it. */
  | "session_lost"
  /** The server keeps no message sessions. */
  | "no_sessions"
  /** The server selected a protocol that the client did not offer. */
  | "wrong_protocol";

/** Failures of a page's own certificate (docs/guide/enrolment.md). */
export type EnrolmentFault =
  /** The server gave no certificate, or revoked none. */
  | "enrolment_refused"
  /** The browser did not keep the key. */
  | "storage_failed";

/** Failures of HTTP in a channel (docs/fetch.md). */
export type HttpFault =
  /** The server ended the connection before its response was complete. */
  | "incomplete_response"
  /** The response is not valid HTTP/1.1, or has a form that `fetch` refuses. */
  | "invalid_response"
  /** All connections to the origin are in use. */
  | "no_free_connection"
  /** No channel leads to the origin. */
  | "no_route"
  /** The redirect may not be followed. */
  | "redirect_refused"
  /** The body of the request could not be read. */
  | "request_body"
  /** The server does not answer, or stopped within its response. */
  | "response_timeout"
  /** A part of the response exceeds its limit. */
  | "response_too_large";

/** A code that is not the name of an alert, because it says more than the alert or because there is no alert. */
export type SpecificCode =
  | CertificateFault
  | OcspFault
  | ProtocolFault
  | TransportFault
  | LocalFault
  | MessageFault
  | EnrolmentFault
  | HttpFault;
