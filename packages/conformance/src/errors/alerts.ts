/**
 * The codes that are names of alerts. An error for a fatal alert of the peer has the alert's name as its code. An error
 * that this side detects has such a code if no more specific code exists.
 * @module
 */
import type { AlertDescription, TlsErrorCode } from "@handclasp/core";
import { type ErrorRow, internal, peer } from "./row.ts";

/** A code that this side's errors have too. This side sends the alert, and it may also receive it from the peer. */
const sentOrReceived = (alert: AlertDescription, means: string, remedy: string, example: string): ErrorRow =>
  peer(alert, means, remedy, example);
/** A code that only errors for a received alert have. */
const onlyReceived = (means: string, remedy: string, name: TlsErrorCode): ErrorRow =>
  peer(undefined, means, remedy, `the peer ended the connection: ${name}`);

const bug =
  "Update both sides. If the error remains, report it, with a trace of the handshake, to the maker of the faulty side.";

export const alertRows: Readonly<Record<AlertDescription, ErrorRow>> = {
  close_notify: onlyReceived(
    "Handclasp creates no error with this code, because the peer's close_notify is a clean end. Only a hook " +
      "of your program can throw a TlsError with this code.",
    "Correct the hook that throws the error.",
    "close_notify",
  ),
  unexpected_message: sentOrReceived(
    "unexpected_message",
    "The peer sent a message that the protocol does not allow at this point (RFC 5246 §7.2.2).",
    bug,
    "expected server_hello, got finished",
  ),
  bad_record_mac: sentOrReceived(
    "bad_record_mac",
    "The tag or MAC of a record does not match the keys of this connection. Either the record was altered in " +
      "transit, or the two sides have different keys.",
    "Look for a proxy or a faulty network that alters bytes. With a pre-shared key, compare the keys of both sides.",
    "a record was altered in transit, or its keys are not ours",
  ),
  decryption_failed_RESERVED: onlyReceived(
    "The peer could not decrypt a record. TLS 1.2 forbids this alert and uses bad_record_mac instead.",
    "Update the peer.",
    "decryption_failed_RESERVED",
  ),
  record_overflow: sentOrReceived(
    "record_overflow",
    "A record is longer than the protocol or the negotiated limit allows.",
    bug,
    "a record of 17000 bytes, at most 16384 allowed",
  ),
  decompression_failure: onlyReceived(
    "The peer could not decompress a record. Handclasp never negotiates compression.",
    "Update the peer.",
    "decompression_failure",
  ),
  handshake_failure: onlyReceived(
    "The peer found no parameters that both sides support, or it requires a client certificate. If this side " +
      "detects the fault, the error has a more specific code.",
    "Compare the suites, groups and signature schemes of both sides. If the server requested a client certificate " +
      "and the client sent none, the advice says so. In that case, set `credentials` on the client.",
    "handshake_failure",
  ),
  no_certificate_RESERVED: onlyReceived(
    "The peer has no certificate. TLS 1.2 forbids this alert.",
    "Update the peer.",
    "no_certificate_RESERVED",
  ),
  bad_certificate: onlyReceived(
    "The peer considers our certificate damaged, wrongly signed, or issued for another name. If this side detects " +
      "the fault, the error has a more specific code.",
    "Compare the names, the signature and the chain of our certificate with those that the peer expects. Read the " +
      "peer's log for details.",
    "bad_certificate",
  ),
  unsupported_certificate: onlyReceived(
    "The peer does not accept our type of certificate. For example, the certificate is for another purpose, or its " +
      "key has a type that the peer does not support.",
    "Use a certificate whose extendedKeyUsage permits this purpose, or one with a key of another type.",
    "unsupported_certificate",
  ),
  certificate_revoked: onlyReceived(
    "Our certificate is revoked, according to the peer.",
    "Have a new certificate issued, with a new key.",
    "certificate_revoked",
  ),
  certificate_expired: onlyReceived(
    "By the peer's clock, our certificate has expired or is not valid yet.",
    "Renew the certificate. Check the clocks of both sides.",
    "certificate_expired",
  ),
  certificate_unknown: onlyReceived(
    "The peer refuses our certificate for a reason that has no other alert.",
    "Read the peer's log. If the client sent no certificate, set `credentials` on the client.",
    "certificate_unknown",
  ),
  illegal_parameter: sentOrReceived(
    "illegal_parameter",
    "A value in a handshake message is not permitted, or is one that the other side did not offer.",
    bug,
    "the server chose compression, which was not offered",
  ),
  unknown_ca: onlyReceived(
    "The peer does not trust the CA of our certificate.",
    "Add that CA to the peer's trust anchors, or use a certificate of a CA that the peer trusts, with all " +
      "intermediates.",
    "unknown_ca",
  ),
  access_denied: onlyReceived(
    "The peer accepts our certificate, but does not permit the connection.",
    "Ask the operator of the peer. If the client sent no certificate, set `credentials` on the client.",
    "access_denied",
  ),
  decode_error: sentOrReceived(
    "decode_error",
    "A message does not have the format that the RFC defines. The message of the error names the field.",
    bug,
    "server_hello.random: wanted 32 bytes, 4 left",
  ),
  decrypt_error: sentOrReceived(
    "decrypt_error",
    "The verify_data of a Finished message is wrong, so the two sides did not see the same handshake. If the " +
      "peer sent this alert, a signature may be wrong instead.",
    "Look for a proxy that alters the handshake. With a pre-shared key, compare the keys of both sides.",
    "verify_data of Finished is wrong: the two sides saw different handshakes",
  ),
  export_restriction_RESERVED: onlyReceived(
    "The peer reports a negotiation that violates former export restrictions. TLS 1.2 forbids this alert.",
    "Update the peer.",
    "export_restriction_RESERVED",
  ),
  protocol_version: sentOrReceived(
    "protocol_version",
    "The other side does not support TLS 1.2, the only version that Handclasp supports, or a record has the " +
      "number of another version.",
    "Enable TLS 1.2 on the other side.",
    "the server chose version 0x0302, we speak TLS 1.2 only",
  ),
  insufficient_security: onlyReceived(
    "The peer requires stronger suites or groups than we offer. If this side detects the fault, the error has a " +
      "more specific code.",
    "Offer stronger suites and groups.",
    "insufficient_security",
  ),
  internal_error: internal(
    "internal_error",
    "An unexpected failure. If `by` is `us`, Handclasp or its host (Node.js or the browser) failed, and " +
      "`cause` is the original error. Otherwise the peer failed.",
    "If `by` is `us`, report the error with its cause. Otherwise read the peer's log.",
    "unexpected exception",
  ),
  inappropriate_fallback: sentOrReceived(
    "inappropriate_fallback",
    "The ClientHello contains TLS_FALLBACK_SCSV (RFC 7507), so the client retries with an older version, and the " +
      "server supports a newer one.",
    "Leave `fallbackScsv` out, or find out why the first attempt failed. An attacker may have interrupted it.",
    "the client speaks at most version 0x0302, we speak TLS 1.2 only",
  ),
  user_canceled: onlyReceived(
    "The peer's application cancelled the connection. `abort` sends this alert by default.",
    "Ask the operator of the peer, or read the log of its application.",
    "user_canceled",
  ),
  no_renegotiation: sentOrReceived(
    "no_renegotiation",
    "The peer requested renegotiation again after this side had declined three times with a warning, or " +
      'requested it for the first time with `renegotiation: "abort"`. Handclasp never renegotiates.',
    "Switch renegotiation off in the peer's configuration.",
    "renegotiation attempt 4: we never renegotiate",
  ),
  unsupported_extension: onlyReceived(
    "The peer received an extension that it did not offer. If this side detects the fault, the error has the code " +
      "unexpected_extension.",
    bug,
    "unsupported_extension",
  ),
  certificate_unobtainable: onlyReceived(
    "The peer could not fetch a certificate from a URL. Handclasp never sends a certificate URL.",
    bug,
    "certificate_unobtainable",
  ),
  unrecognized_name: sentOrReceived(
    "unrecognized_name",
    "The server has no certificate for the name in the client's server_name extension, or the server's " +
      "`credentials` function returned no credential for this client.",
    "On the server, add a credential for that name, or set `strictSni: false` to use the first credential. " +
      "On the client, check `serverName`.",
    "no certificate for device.example",
  ),
  bad_certificate_status_response: onlyReceived(
    "The peer does not accept the OCSP response that we sent. If this side detects the fault, the error has a more " +
      "specific code.",
    "Fetch a new OCSP response for the certificate.",
    "bad_certificate_status_response",
  ),
  unknown_psk_identity: onlyReceived(
    "The server does not know the identity of our pre-shared key.",
    "Compare the identities of both sides.",
    "unknown_psk_identity",
  ),
  certificate_required: onlyReceived(
    "The server requires a client certificate, and the client sent none.",
    "Set `credentials` on the client to a certificate that the server accepts, with its private key.",
    "certificate_required",
  ),
  no_application_protocol: sentOrReceived(
    "no_application_protocol",
    "The client offers no ALPN protocol that the server supports, or it does not use ALPN and the server's " +
      "`requireAlpn` is set.",
    "Put a common protocol into `alpn` on both sides.",
    'the client offers ALPN "h2", we speak http/1.1',
  ),
};
