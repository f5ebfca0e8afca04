/**
 * Violations of the protocol by the peer, and messages that Handclasp does not accept.
 * @module
 */
import type { AlertDescription } from "@handclasp/core";
import type { ProtocolFault } from "@handclasp/core/unstable";
import { type ErrorRow, peer } from "./row.ts";

const update = "Update the peer: it breaks the RFC. If it is up to date, report the error to its maker.";

/** A fault of the peer for which the alert depends on the form that it takes. */
const withAlerts = (alerts: readonly AlertDescription[], means: string, remedy: string, example: string): ErrorRow => ({
  alerts,
  faults: ["peer"],
  means,
  remedy,
  example,
});

export const protocolRows: Readonly<Record<ProtocolFault, ErrorRow>> = {
  bad_alert: withAlerts(
    ["decode_error", "illegal_parameter"],
    "An alert is not two bytes long, or its level is neither warning nor fatal.",
    update,
    "an alert of 3 bytes, two are wanted",
  ),
  excess_alert_data: peer(
    "unexpected_message",
    "The peer sent ChangeCipherSpec after half an alert.",
    update,
    "half an alert before ChangeCipherSpec",
  ),
  bad_dh_group: peer(
    "insufficient_security",
    "The server's Diffie-Hellman group is not one of the groups that are known to be safe.",
    "Configure the server to use ffdhe2048 of RFC 7919, a larger group of that RFC, or ECDHE.",
    "the server's Diffie-Hellman group of 1024 bits is not one that we know",
  ),
  bad_dh_value: peer(
    "illegal_parameter",
    "The peer's Diffie-Hellman public key is not an acceptable element of the group.",
    update,
    "the peer's public key is not a permitted element of ffdhe2048",
  ),
  bad_ecpoint: peer(
    "illegal_parameter",
    "The peer's ECDH public key is not a valid point of the curve.",
    update,
    "the peer's public key is not a valid point of x25519",
  ),
  duplicate_extension: peer("decode_error", "A hello contains the same extension twice.", update, "extension 23 twice"),
  empty_fragment: peer(
    "unexpected_message",
    "A record of type handshake, alert or change_cipher_spec is empty.",
    update,
    "an empty handshake record (RFC 5246 §6.2.1)",
  ),
  excess_handshake_data: peer(
    "unexpected_message",
    "Bytes of a handshake message follow the end of a flight, or of the handshake.",
    update,
    "data behind Finished in the same flight",
  ),
  excessive_message_size: peer(
    "illegal_parameter",
    "The length of a handshake message exceeds the limit for its type.",
    "Have the peer send fewer certificates or extensions.",
    "certificate of 200000 bytes, at most 131072 accepted",
  ),
  handshake_too_large: peer(
    "handshake_failure",
    "The messages of the handshake together exceed the limit.",
    "Have the peer send fewer certificates or extensions.",
    "a handshake of more than 524288 bytes",
  ),
  invalid_alpn: withAlerts(
    ["decode_error", "illegal_parameter"],
    "The server chose no ALPN protocol, several, or one that was not offered.",
    update,
    'the server chose ALPN "h2", which was not offered',
  ),
  invalid_compression_list: peer(
    "illegal_parameter",
    "The client does not offer the null compression method, as it must.",
    update,
    "the client does not offer the null compression method",
  ),
  no_client_certificate: peer(
    "handshake_failure",
    "The client sent no certificate, and `clientAuth` requires one.",
    "Give the client `credentials`.",
    "the client showed no certificate, and one is required",
  ),
  no_extended_master_secret: peer(
    "handshake_failure",
    "The peer does not support extended_master_secret, and `requireExtendedMasterSecret` requires it.",
    "Update the peer, or leave `requireExtendedMasterSecret` out.",
    "the peer has no extended_master_secret (RFC 7627)",
  ),
  no_shared_cipher: withAlerts(
    ["handshake_failure", "insufficient_security"],
    "The client offers no cipher suite that the server can use.",
    "Compare the suites, groups and signature schemes of both sides, and the key types of the server's certificates.",
    "no cipher suite in common",
  ),
  no_uncompressed_points: peer(
    "illegal_parameter",
    "The peer's ec_point_formats lacks the uncompressed format, which is mandatory (RFC 8422 §5.1.2).",
    update,
    "ec_point_formats without uncompressed",
  ),
  not_tls: peer(
    "unexpected_message",
    "The peer's first bytes are not TLS.",
    "Check host and port: a server of another protocol answers there, or one that starts TLS later (STARTTLS).",
    "record type 50: this is not TLS",
  ),
  plain_http: peer(
    "unexpected_message",
    "The peer uses plain HTTP.",
    "On a client, use ws: if a WebSocket carries the connection, or check the port. On a server, find the " +
      "browser, or the client without TLS, that connects to this port.",
    "record type 72: this looks like plain HTTP",
  ),
  renegotiation_mismatch: peer(
    "handshake_failure",
    "The renegotiation_info extension is wrong for an initial handshake (RFC 5746): an attacker may have joined " +
      "two connections.",
    "Look for a proxy that alters the handshake. Update the peer.",
    "renegotiation_info of an initial handshake must be empty",
  ),
  resumed_with_other_suite: peer(
    "illegal_parameter",
    "The server resumes a session with a suite that is not the session's.",
    update,
    "the server resumes the session with another suite, TLS_RSA_WITH_AES_128_CBC_SHA",
  ),
  resumed_without_extended_master_secret: peer(
    "handshake_failure",
    "The server resumes a session without extended_master_secret, although the session was established with it " +
      "(RFC 7627 §5.3).",
    update,
    "the server resumes the session without extended_master_secret",
  ),
  too_many_empty_records: peer(
    "unexpected_message",
    "The peer sends empty records one after another, which cost work and carry no data.",
    update,
    "more than 32 empty records in a row",
  ),
  too_many_warning_alerts: peer(
    "unexpected_message",
    "The peer sends warning alerts one after another.",
    "Read the peer's log for the reason of its warnings. A trace has the names of the alerts.",
    "more than 4 warning alerts in a row",
  ),
  unexpected_extension: peer(
    "unsupported_extension",
    "The server answers an extension that was not offered.",
    update,
    "the server answers extension server_name, which was not offered",
  ),
  unknown_alert: peer(
    undefined,
    "The peer sent a fatal alert with a number that has no name. `alert` is undefined.",
    "Read the peer's log.",
    "the peer ended the connection: unknown alert 200",
  ),
  unsafe_legacy_renegotiation: peer(
    "handshake_failure",
    "The server does not support secure renegotiation (RFC 5746), so an attacker could insert bytes before ours.",
    "Update the server. If it is known never to renegotiate, set `requireSecureRenegotiation: false`.",
    "the server does not support secure renegotiation (RFC 5746)",
  ),
  wrong_certificate_type: peer(
    "illegal_parameter",
    "The key of the server's certificate does not fit the suite that the server chose.",
    update,
    "the server's ec key does not fit TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  ),
  wrong_cipher_returned: peer(
    "illegal_parameter",
    "The server chose a suite that was not offered.",
    update,
    "the server chose suite 0x1301, which was not offered",
  ),
  wrong_curve: peer(
    "illegal_parameter",
    "The server uses a curve that was not offered, for its key exchange or in its certificate.",
    "Configure the server to use a curve of `groups`, or offer the curve that it uses.",
    "the server's key is on P-521, which was not offered",
  ),
  wrong_signature_type: peer(
    "illegal_parameter",
    "The peer signed with a scheme that was not offered, or that does not fit its key.",
    update,
    "the server signed with scheme 0x0201, which was not offered or does not fit its key",
  ),
};
