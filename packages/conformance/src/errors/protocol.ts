/**
 * Violations of the protocol by the peer, and messages that Handclasp does not accept.
 * @module
 */
import type { AlertDescription } from "@handclasp/core";
import type { ProtocolFault } from "@handclasp/core/unstable";
import { type ErrorRow, peer } from "./row.ts";

const update = "The peer violates the RFC. Update the peer. If it is up to date, report the error to its maker.";

/** A row for a fault of the peer with several possible alerts. */
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
    "An alert record is empty, or the level of an alert is neither warning nor fatal.",
    update,
    "alert level 3, expected 1 (warning) or 2 (fatal)",
  ),
  excess_alert_data: peer(
    "unexpected_message",
    "The peer sent ChangeCipherSpec after the first byte of an alert, before the second byte.",
    update,
    "half an alert before ChangeCipherSpec",
  ),
  bad_dh_group: peer(
    "insufficient_security",
    "The server's Diffie-Hellman group is not one of the groups that Handclasp accepts as safe.",
    "Configure the server to use ffdhe2048, ffdhe3072 or ffdhe4096 of RFC 7919, or to use ECDHE.",
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
  duplicate_extension: peer(
    "decode_error",
    "The peer's hello message contains the same extension twice.",
    update,
    "extension 23 twice",
  ),
  empty_fragment: peer(
    "unexpected_message",
    "A record of type handshake is empty.",
    update,
    "an empty handshake record (RFC 5246 §6.2.1)",
  ),
  excess_handshake_data: peer(
    "unexpected_message",
    "Bytes of a handshake message follow the last message of a flight or of the handshake, or precede " +
      "ChangeCipherSpec.",
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
    "The total length of the handshake messages exceeds the limit.",
    "Have the peer send fewer certificates or extensions.",
    "a handshake of more than 524288 bytes",
  ),
  invalid_alpn: withAlerts(
    ["decode_error", "illegal_parameter"],
    "The server's ALPN answer contains no protocol, several protocols, or one that the client did not offer.",
    update,
    'the server chose ALPN "h2", which was not offered',
  ),
  invalid_compression_list: peer(
    "illegal_parameter",
    "The client does not offer the null compression method, which is mandatory (RFC 5246 §7.4.1.2).",
    update,
    "the client does not offer the null compression method",
  ),
  invalid_line: peer(
    undefined,
    "Before TLS, the peer sent a line of plain text that is too long for `readLine`, or that ends in LF without CR.",
    "Check that the other side speaks the protocol that you expect. If its lines are long, give `readLine` a limit.",
    "a line of plain text is longer than 4096 bytes",
  ),
  no_client_certificate: peer(
    "handshake_failure",
    'The client sent no certificate, and `clientAuth: "require"` requires one.',
    "Set `credentials` on the client.",
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
    "The peer sent bytes, usually its first ones, that are not a TLS record.",
    "Check host and port. The server there may use another protocol, or may start TLS later (STARTTLS).",
    "record type 50: this is not TLS",
  ),
  plain_http: peer(
    "unexpected_message",
    "The peer sent bytes, usually its first ones, that look like plain HTTP instead of a TLS record.",
    "On a client, use ws: if a WebSocket carries the connection, or check the port. On a server, find the " +
      "browser or the HTTP client that connects to this port.",
    "record type 72: this looks like plain HTTP",
  ),
  renegotiation_mismatch: peer(
    "handshake_failure",
    "The renegotiation_info extension is not empty in an initial handshake (RFC 5746), or is missing " +
      "although the server resumes a session that was established with it. An attacker may have joined two " +
      "connections.",
    "Look for a proxy that alters the handshake. Update the peer.",
    "renegotiation_info of an initial handshake must be empty",
  ),
  resumed_with_other_suite: peer(
    "illegal_parameter",
    "The server resumes a session with a cipher suite that differs from the session's suite.",
    update,
    "the server resumes the session with another suite, TLS_RSA_WITH_AES_128_CBC_SHA",
  ),
  resumed_without_extended_master_secret: peer(
    "handshake_failure",
    "The peer resumes a session without extended_master_secret, although the original handshake used that " +
      "extension (RFC 7627 §5.3).",
    update,
    "the server resumes the session without extended_master_secret",
  ),
  too_many_empty_records: peer(
    "unexpected_message",
    "The peer sent too many empty records in a row. They cost processing time and carry no data.",
    update,
    "more than 32 empty records in a row",
  ),
  too_many_warning_alerts: peer(
    "unexpected_message",
    "The peer sent too many warning alerts in a row.",
    "Read the peer's log for the cause of the warnings. A trace lists the names of the alerts.",
    "more than 4 warning alerts in a row",
  ),
  unexpected_extension: peer(
    "unsupported_extension",
    "The server answers an extension that the client did not offer.",
    update,
    "the server answers extension server_name, which was not offered",
  ),
  unknown_alert: peer(
    undefined,
    "The peer sent a fatal alert whose number has no name in Handclasp. `alert` is undefined.",
    "Read the peer's log.",
    "the peer ended the connection: unknown alert 200",
  ),
  unread_plaintext: peer(
    undefined,
    "When `startTls` was called, the peer had sent bytes in plain text that were not read. An attacker on the way " +
      "can add such bytes, to have them taken for bytes of the channel (STARTTLS injection, CVE-2011-0411, " +
      "CVE-2021-38371).",
    "Look for an attacker, or a peer that does not wait for the answer to STARTTLS. If your program sends the " +
      "go-ahead, give it to `startTls` as `goAhead`: a peer that gets it earlier begins TLS before your program does.",
    "the peer sent 12 bytes in plain text that were not read",
  ),
  unsafe_legacy_renegotiation: peer(
    "handshake_failure",
    "The server does not support secure renegotiation (RFC 5746), so an attacker could insert data before ours.",
    "Update the server. If you know that it never renegotiates, set `requireSecureRenegotiation: false`.",
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
    "The server chose a cipher suite that the client did not offer.",
    update,
    "the server chose suite 0x1301, which was not offered",
  ),
  wrong_curve: peer(
    "illegal_parameter",
    "The server uses a curve that the client did not offer, for its key exchange or in its certificate.",
    "Configure the server to use a curve in the client's `groups`, or add the server's curve to `groups`.",
    "the server's key is on P-521, which was not offered",
  ),
  wrong_signature_type: peer(
    "illegal_parameter",
    "The peer signed with a signature scheme that we did not offer, or that does not fit its key.",
    update,
    "the server signed with scheme 0x0201, which was not offered or does not fit its key",
  ),
};
