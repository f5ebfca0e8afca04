/**
 * The names of alerts as codes: of an error of ours that says no more than its alert, and of the peer's fatal alert.
 * @module
 */
import type { AlertDescription, TlsErrorCode } from "@handclasp/core";
import { type ErrorRow, internal, peer } from "./row.ts";

/** A row of a code that we give ourselves, and send; the others only a peer sends. */
const both = (alert: AlertDescription, ...words: Parameters<typeof reserved>): ErrorRow => peer(alert, ...words);
const theirs = (means: string, remedy: string, name: TlsErrorCode): ErrorRow =>
  peer(undefined, means, remedy, `the peer ended the connection: ${name}`);
const reserved = (means: string, remedy: string, example: string): ErrorRow => peer(undefined, means, remedy, example);

const bug =
  "Update both sides; if it stays, report it to whoever makes the side at fault, with a trace of the handshake.";

export const alertRows: Readonly<Record<AlertDescription, ErrorRow>> = {
  close_notify: theirs(
    "Nothing of Handclasp's has this code: the peer's close_notify is an end, no error. A hook of yours may throw a TlsError that names it.",
    "Look at the hook that throws it.",
    "close_notify",
  ),
  unexpected_message: both(
    "unexpected_message",
    "A message came that the protocol does not allow at this place (RFC 5246 §7.2.2).",
    bug,
    "expected server_hello, got finished",
  ),
  bad_record_mac: both(
    "bad_record_mac",
    "A record does not carry the tag or MAC that the keys of this connection give: it was altered on the way, or the two sides have different keys.",
    "Look for a proxy or a faulty network that alters bytes; with a pre-shared key, compare the keys of both sides.",
    "a record was altered in transit, or its keys are not ours",
  ),
  decryption_failed_RESERVED: theirs(
    "The peer could not decrypt a record. TLS 1.2 forbids this alert; bad_record_mac takes its place.",
    "Update the peer.",
    "decryption_failed_RESERVED",
  ),
  record_overflow: both(
    "record_overflow",
    "A record is longer than the protocol, or what both sides agreed on, allows.",
    bug,
    "a record of 17000 bytes, at most 16384 allowed",
  ),
  decompression_failure: theirs(
    "The peer could not decompress a record. We never agree to compression.",
    "Update the peer.",
    "decompression_failure",
  ),
  handshake_failure: theirs(
    "The peer found nothing in common with us, or wants a client certificate. An error of ours with this alert has a code that says more.",
    "Compare the suites, groups and signature schemes of both sides. A client that was asked for a certificate and had none is told so by the advice: give `credentials`.",
    "handshake_failure",
  ),
  no_certificate_RESERVED: theirs(
    "The peer has no certificate. TLS 1.2 forbids this alert.",
    "Update the peer.",
    "no_certificate_RESERVED",
  ),
  bad_certificate: theirs(
    "The peer finds our certificate damaged, wrongly signed, or for another name. An error of ours with this alert has a code that says more.",
    "Compare the names, the signature and the chain of our certificate with what the peer wants; its log says more.",
    "bad_certificate",
  ),
  unsupported_certificate: theirs(
    "The peer does not take a certificate of this kind, for instance one for another purpose or with a key that it does not know.",
    "Show a certificate for this purpose (extendedKeyUsage), with a key of another type.",
    "unsupported_certificate",
  ),
  certificate_revoked: theirs(
    "The peer knows that our certificate was revoked.",
    "Have another one issued, with a new key.",
    "certificate_revoked",
  ),
  certificate_expired: theirs(
    "Our certificate is out of date, or not valid yet, by the peer's clock.",
    "Renew the certificate; check the clocks of both sides.",
    "certificate_expired",
  ),
  certificate_unknown: theirs(
    "The peer refuses our certificate for a reason that no other alert names.",
    "The peer's log says why; a client that showed none gives `credentials`.",
    "certificate_unknown",
  ),
  illegal_parameter: both(
    "illegal_parameter",
    "A value in a handshake message is out of range, or was not offered.",
    bug,
    "the server chose compression, which was not offered",
  ),
  unknown_ca: theirs(
    "The peer does not trust the CA of our certificate.",
    "Have the peer trust that CA, or show a certificate of a CA that it trusts, with all intermediates.",
    "unknown_ca",
  ),
  access_denied: theirs(
    "The peer knows who we are, and does not let us in.",
    "Ask whoever runs the peer; a client that showed no certificate gives `credentials`.",
    "access_denied",
  ),
  decode_error: both(
    "decode_error",
    "A message does not have the form that the RFC gives it; the error names the field.",
    bug,
    "server_hello.random: wanted 32 bytes, 4 left",
  ),
  decrypt_error: both(
    "decrypt_error",
    "Finished or a signature is wrong: the two sides did not see the same handshake.",
    "Look for a proxy that alters the handshake; with a pre-shared key, compare the keys of both sides.",
    "verify_data of Finished is wrong: the two sides saw different handshakes",
  ),
  export_restriction_RESERVED: theirs(
    "The peer's negotiation breaks an old export rule. TLS 1.2 forbids this alert.",
    "Update the peer.",
    "export_restriction_RESERVED",
  ),
  protocol_version: both(
    "protocol_version",
    "One side does not speak TLS 1.2, the only version that Handclasp speaks.",
    "Enable TLS 1.2 on the other side.",
    "the server chose version 0x0302, we speak TLS 1.2 only",
  ),
  insufficient_security: theirs(
    "The peer wants stronger suites or groups than we offer. An error of ours with this alert has a code that says more.",
    "Offer stronger suites and groups.",
    "insufficient_security",
  ),
  internal_error: internal(
    "internal_error",
    "Something broke that should not: in Handclasp or its host where the error is `by` us, at the peer otherwise. `cause` has what broke.",
    "By us: report it, with the cause. By the peer: its log says more.",
    "unexpected exception",
  ),
  inappropriate_fallback: both(
    "inappropriate_fallback",
    "The client says that this is its second try with an older version (RFC 7507), and the server could do better.",
    "Leave out `fallbackScsv`, or find out why the first try failed: somebody may have broken it on purpose.",
    "the client speaks at most version 0x0302, we speak TLS 1.2 only",
  ),
  user_canceled: theirs(
    "The peer's application ended the connection. It is what `abort` sends unless told otherwise.",
    "The peer's application knows why.",
    "user_canceled",
  ),
  no_renegotiation: both(
    "no_renegotiation",
    "The peer tried again and again to renegotiate, which Handclasp never does.",
    "Switch renegotiation off at the peer.",
    "renegotiation attempt 4: we never renegotiate",
  ),
  unsupported_extension: theirs(
    "The peer received an extension that it did not ask for. An error of ours with this alert has the code unexpected_extension.",
    bug,
    "unsupported_extension",
  ),
  certificate_unobtainable: theirs(
    "The peer could not fetch a certificate from a URL. We never send one.",
    bug,
    "certificate_unobtainable",
  ),
  unrecognized_name: both(
    "unrecognized_name",
    "The server has no certificate for the name that the client asks for.",
    "Server: add a credential for that name; with `strictSni: false` the first one answers. Client: check `serverName`.",
    "no certificate for device.example",
  ),
  bad_certificate_status_response: theirs(
    "The peer does not take the OCSP response that we sent. An error of ours with this alert has a code that says more.",
    "Fetch a new OCSP response for the certificate.",
    "bad_certificate_status_response",
  ),
  unknown_psk_identity: theirs(
    "The server does not know the identity of our pre-shared key.",
    "Compare the identities of both sides.",
    "unknown_psk_identity",
  ),
  certificate_required: theirs(
    "The server wants a client certificate, and got none.",
    "Give the client `credentials` that the server accepts.",
    "certificate_required",
  ),
  no_application_protocol: both(
    "no_application_protocol",
    "The client offers no ALPN protocol that the server speaks, or none at all where `requireAlpn` wants one.",
    "Give both sides a protocol in common as `alpn`.",
    'the client offers ALPN "h2", we speak http/1.1',
  ),
};
