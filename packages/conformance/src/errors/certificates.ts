/**
 * Why a certificate, or what is known of its status, is refused. docs/certificates.md has the rules.
 * @module
 */

import type { OcspFault } from "@handclasp/core/ocsp";
import type { CertificateFault } from "@handclasp/core/x509";
import { type ErrorRow, peer } from "./row.ts";

export const certificateRows: Readonly<Record<CertificateFault, ErrorRow>> = {
  unknown_issuer: peer(
    "unknown_ca",
    "No path leads from the peer's certificate to an authority that is trusted.",
    "Add the CA to `ca`, or have the peer send its intermediates. A self-signed certificate is itself added to `ca`, or pinned.",
    "certificate 0 (CN=device): its issuer CN=Some CA is no trust anchor and was not sent",
  ),
  expired: peer(
    "certificate_expired",
    "A certificate on the path is out of date.",
    "Renew it; check the clock of the side that says so.",
    "certificate 0 (CN=device): expired on 2026-01-01T00:00:00Z, now is 2026-01-02T00:00:00Z",
  ),
  not_yet_valid: peer(
    "certificate_expired",
    "A certificate on the path is valid only later.",
    "Check the clock of the side that says so, and the one of the CA.",
    "certificate 0 (CN=device): valid from 2027-01-01T00:00:00Z, now is 2026-01-01T00:00:00Z",
  ),
  key_usage: peer(
    "unsupported_certificate",
    "keyUsage of a certificate does not allow what its key is used for.",
    "Have it issued with the usage that the message names, or choose a suite that needs another.",
    "keyUsage of the server's certificate lacks keyEncipherment, which TLS_RSA_WITH_AES_128_CBC_SHA needs",
  ),
  extended_key_usage: peer(
    "unsupported_certificate",
    "extendedKeyUsage of a certificate is for another purpose.",
    "Have it issued for serverAuth as a server's, for clientAuth as a client's.",
    "certificate 0 (CN=device): extendedKeyUsage is clientAuth, not serverAuth",
  ),
  weak_key: peer(
    "unsupported_certificate",
    "A key is too short, or of a kind that is not accepted.",
    "Use a key of 2,048 bits of RSA, P-256 or Ed25519, or more; `minimumRsaBits` and `minimumEcBits` have the limits.",
    "certificate 0 (CN=device): a key of 1024 bits; 2048 are needed",
  ),
  weak_signature: peer(
    "unsupported_certificate",
    "A certificate on the path is signed with an algorithm that is not accepted, such as SHA-1.",
    "Have it issued with SHA-256 or better with RSA, ECDSA or Ed25519.",
    "certificate 0 (CN=device): signed with 1.2.840.113549.1.1.5, which is not accepted",
  ),
  bad_signature: {
    alerts: ["bad_certificate", "decrypt_error"],
    faults: ["peer"],
    means: "A signature is wrong: of a certificate, of the server's key exchange, or of CertificateVerify.",
    remedy:
      "Of a certificate: a CA of that name has another key, so use the CA certificate that belongs to this chain. Otherwise the peer does not hold the key of its certificate, or somebody alters the handshake.",
    example: "the server's signature of its key exchange is wrong",
  },
  malformed: peer(
    "bad_certificate",
    "A certificate is no DER, or breaks a rule of RFC 5280.",
    "Have it issued anew: the message says which field is wrong.",
    "certificate 0: DER: keyUsage empty",
  ),
  name_mismatch: peer(
    "bad_certificate",
    "The server's certificate is for other names than the one that is asked for.",
    "Connect to a name that the certificate has, give it as `serverName`, or have a certificate issued for it.",
    "certificate 0 (CN=device): not for localhost, but for device.example",
  ),
  not_a_ca: peer(
    "bad_certificate",
    "A certificate issued another one, and basicConstraints does not say that it is a CA.",
    "Issue with a CA certificate: basicConstraints with CA:TRUE.",
    "certificate 1 (CN=Some CA): it issued a certificate but is not a CA (basicConstraints)",
  ),
  path_length: peer(
    "bad_certificate",
    "More intermediates stand on the path than a CA, or `maxDepth`, allows.",
    "Have a CA with a larger pathLenConstraint issue, or raise `maxDepth`.",
    "certificate 2 (CN=Root): pathLenConstraint is 0, but 1 intermediates are below it",
  ),
  name_constraint: peer(
    "bad_certificate",
    "A CA may not issue for a name that the certificate has.",
    "Have a CA issue it whose nameConstraints allow that name.",
    "certificate 0 (CN=device): device.example is excluded by the constraints of CN=Some CA",
  ),
  unknown_critical_extension: peer(
    "bad_certificate",
    "A certificate has an extension that is critical, and that Handclasp does not know.",
    "Have it issued without that extension, or with it not critical.",
    "certificate 0 (CN=device): the critical extension 1.2.3.4 is unknown",
  ),
  budget: peer(
    "certificate_unknown",
    "To judge what the peer sent would take too much work.",
    "Have the peer send its own chain alone.",
    "certificate 0 (CN=device): too much work to find a path: more than 100 signatures",
  ),
  pin: peer(
    "certificate_unknown",
    "No key on the path is one of `pins`.",
    "If the server changed its key on purpose, pin the new one, which the message names; if not, somebody else answers.",
    "certificate 0 (CN=device): no key on its path is pinned; its own is sha256/…",
  ),
  untrusted: peer(
    "certificate_unknown",
    "The `trust` function or the `verify` hook refused the certificate.",
    "The function says why; it must answer `true` to accept.",
    "certificate 0 (CN=device): refused by the verify hook: its answer is not true",
  ),
};

const ocsp = (...words: Parameters<typeof peer> extends [unknown, ...infer Rest] ? Rest : never): ErrorRow =>
  peer("bad_certificate_status_response", ...words);

export const ocspRows: Readonly<Record<OcspFault, ErrorRow>> = {
  revoked: peer(
    "certificate_revoked",
    "The issuer took the server's certificate back.",
    "The server needs another certificate, with a new key.",
    "the certificate CN=device was revoked on 2026-01-01T00:00:00Z",
  ),
  ocsp_malformed: ocsp(
    "The OCSP response is no DER, no basic response, or not successful.",
    "Have the server fetch its response anew.",
    "the critical extension 1.2.3.4 of the OCSP response is unknown",
  ),
  ocsp_signature: ocsp(
    "The OCSP response is not signed by the issuer, or by a responder that the issuer authorised.",
    "Have the server fetch its response from the CA that issued the certificate.",
    "the OCSP response is signed with 1.2.840.113549.1.1.5, which is not accepted",
  ),
  ocsp_expired: ocsp(
    "The OCSP response is out of date, or not valid yet.",
    "Have the server fetch a new response before the old one ends; check the clocks.",
    "the OCSP response was valid until 2026-01-01T00:00:00Z, now is 2026-01-02T00:00:00Z",
  ),
  ocsp_unknown: ocsp(
    'The OCSP response says "unknown", or is about another certificate.',
    "Have the server send the response for the certificate that it shows.",
    "its issuer does not know the certificate CN=device",
  ),
  ocsp_missing: ocsp(
    "The server sent no OCSP response, and one is required.",
    "Switch OCSP stapling on at the server, or leave `ocsp.require` out.",
    "the server sent no OCSP response, and one is required",
  ),
  ocsp_issuer: ocsp(
    "The server's certificate is trusted by itself, so that nobody could have signed its status.",
    "Where a key alone is trusted, leave `ocsp.require` out; to have certificates revoked, trust their CA.",
    "the server's certificate is trusted by itself: there is no issuer whose OCSP response could be required",
  ),
};
