/**
 * The errors for a refused certificate or OCSP response. docs/certificates.md describes the rules.
 * @module
 */

import type { OcspFault } from "@handclasp/core/ocsp";
import type { CertificateFault } from "@handclasp/core/x509";
import { type ErrorRow, peer } from "./row.ts";

export const certificateRows: Readonly<Record<CertificateFault, ErrorRow>> = {
  unknown_issuer: peer(
    "unknown_ca",
    "No certification path leads from the peer's certificate to a trust anchor.",
    "Add the CA to `ca`, or have the peer send its intermediate certificates. If the peer's certificate is " +
      "self-signed, add that certificate to `ca`, or pin its key.",
    "certificate 0 (CN=device): its issuer CN=Some CA is no trust anchor and was not sent",
  ),
  expired: peer(
    "certificate_expired",
    "A certificate on the path has expired.",
    "Renew the certificate. Check the clock of the side that reports the error.",
    "certificate 0 (CN=device): expired on 2026-01-01T00:00:00Z, now is 2026-01-02T00:00:00Z",
  ),
  not_yet_valid: peer(
    "certificate_expired",
    "A certificate on the path is not valid yet.",
    "Check the clock of the side that reports the error, and the clock of the CA.",
    "certificate 0 (CN=device): valid from 2027-01-01T00:00:00Z, now is 2026-01-01T00:00:00Z",
  ),
  key_usage: peer(
    "unsupported_certificate",
    "The keyUsage extension of a certificate does not permit the use of its key that this connection " +
      "requires, or it contains keyCertSign although the certificate is not a CA's.",
    "Have the certificate issued with the usage that the message names, or choose a suite that requires " +
      "another usage.",
    "keyUsage of the server's certificate lacks keyEncipherment, which TLS_RSA_WITH_AES_128_CBC_SHA needs",
  ),
  extended_key_usage: peer(
    "unsupported_certificate",
    "The extendedKeyUsage extension of a certificate permits only other purposes.",
    "Have a server's certificate issued for serverAuth, and a client's for clientAuth.",
    "certificate 0 (CN=device): extendedKeyUsage is clientAuth, not serverAuth",
  ),
  weak_key: peer(
    "unsupported_certificate",
    "The key of a certificate is too short or too long, or its type, curve or parameters are not accepted.",
    "Use an RSA key of 2,048 to 8,192 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key. " +
      "`minimumRsaBits` and `minimumEcBits` can require longer keys.",
    "certificate 0 (CN=device): a key of 1024 bits; 2048 are needed",
  ),
  weak_signature: peer(
    "unsupported_certificate",
    "A certificate on the path, other than the trust anchor, is signed with an algorithm that is not " +
      "accepted, such as RSA with SHA-1.",
    "Have the certificate issued with a signature of Ed25519, or of RSA or ECDSA with SHA-256 or a stronger hash.",
    "certificate 0 (CN=device): signed with 1.2.840.113549.1.1.5, which is not accepted",
  ),
  bad_signature: {
    alerts: ["bad_certificate", "decrypt_error"],
    faults: ["peer"],
    means: "The signature of a certificate, of ServerKeyExchange or of CertificateVerify is wrong.",
    remedy:
      "If the message names a certificate, the CA certificate with the name of its issuer has another key. Use " +
      "the CA certificate that belongs to this chain. Otherwise check that the peer has the private key of its " +
      "certificate, and look for a proxy that alters the handshake.",
    example: "the server's signature of its key exchange is wrong",
  },
  malformed: peer(
    "bad_certificate",
    "A certificate is not valid DER, or violates a rule of RFC 5280.",
    "Have the certificate issued again. The message names the fault.",
    "certificate 0: DER: keyUsage empty",
  ),
  name_mismatch: peer(
    "bad_certificate",
    "The server's certificate does not contain the name that the client expects, which is `serverName` or " +
      "the host in the address.",
    "Connect to a name in the certificate, set `serverName` to that name, or have a certificate issued for " +
      "the name that you use.",
    "certificate 0 (CN=device): not for localhost, but for device.example",
  ),
  not_a_ca: peer(
    "bad_certificate",
    "A certificate issued another one, but its basicConstraints extension does not mark it as a CA.",
    "Issue certificates with a CA certificate whose basicConstraints extension has CA:TRUE.",
    "certificate 1 (CN=Some CA): it issued a certificate but is not a CA (basicConstraints)",
  ),
  path_length: peer(
    "bad_certificate",
    "The path has more intermediate certificates than a CA's pathLenConstraint or `maxDepth` permits.",
    "Have the certificate issued by a CA with a larger pathLenConstraint, or raise `maxDepth`.",
    "certificate 2 (CN=Root): pathLenConstraint is 0, but 1 intermediates are below it",
  ),
  name_constraint: peer(
    "bad_certificate",
    "The nameConstraints of a CA do not permit a name in the certificate.",
    "Have the certificate issued by a CA whose nameConstraints permit that name.",
    "certificate 0 (CN=device): device.example is excluded by the constraints of CN=Some CA",
  ),
  unknown_critical_extension: peer(
    "bad_certificate",
    "A certificate has a critical extension that Handclasp does not support, or its policyConstraints " +
      "extension requires a certificate policy.",
    "Have the certificate issued without that extension, or with that extension marked as not critical.",
    "certificate 0 (CN=device): the critical extension 1.2.3.4 is unknown",
  ),
  budget: peer(
    "certificate_unknown",
    "The verification of the peer's certificates takes more work than Handclasp permits, or the peer sent " +
      "too many certificates.",
    "Have the peer send only the certificates of its own chain.",
    "certificate 0 (CN=device): too much work to find a path: more than 100 signatures",
  ),
  pin: peer(
    "certificate_unknown",
    "No key on the peer's certification path is in `pins`.",
    "If the server's operator changed the key on purpose, pin the new key, which the message names. " +
      "Otherwise another server may answer in its place.",
    "certificate 0 (CN=device): no key on its path is pinned; its own is sha256/…",
  ),
  untrusted: peer(
    "certificate_unknown",
    "The `trust` function or the `verify` function of your program refused the certificate.",
    "Find out why the function refused the certificate. It accepts a certificate only if it returns `true`.",
    "certificate 0 (CN=device): refused by the verify function",
  ),
};

const ocsp = (...words: Parameters<typeof peer> extends [unknown, ...infer Rest] ? Rest : never): ErrorRow =>
  peer("bad_certificate_status_response", ...words);

export const ocspRows: Readonly<Record<OcspFault, ErrorRow>> = {
  revoked: peer(
    "certificate_revoked",
    "The OCSP response says that the issuer has revoked the server's certificate.",
    "Give the server a new certificate, with a new key.",
    "the certificate CN=device was revoked on 2026-01-01T00:00:00Z",
  ),
  ocsp_malformed: ocsp(
    "The OCSP response is not valid DER or not a basic response, its responseStatus is not successful, or it " +
      "has an unknown critical extension.",
    "Have the server fetch a new response.",
    "the critical extension 1.2.3.4 of the OCSP response is unknown",
  ),
  ocsp_signature: ocsp(
    "The OCSP response is signed neither by the issuer nor by a responder that the issuer authorised, or its " +
      "signature algorithm is not accepted.",
    "Have the server fetch its response from the CA that issued the certificate. The responder must sign " +
      "with Ed25519, or with RSA or ECDSA and SHA-256 or a stronger hash.",
    "the OCSP response is signed with 1.2.840.113549.1.1.5, which is not accepted",
  ),
  ocsp_expired: ocsp(
    "The OCSP response has expired, or is not valid yet.",
    "Have the server fetch a new response before the old one expires. Check the clocks of client and server.",
    "the OCSP response was valid until 2026-01-01T00:00:00Z, now is 2026-01-02T00:00:00Z",
  ),
  ocsp_unknown: ocsp(
    'The OCSP response has the status "unknown", or is for another certificate than the one that the server sent.',
    "Have the server send a response for the certificate that it sends, from a responder that knows this " +
      "certificate.",
    "its issuer does not know the certificate CN=device",
  ),
  ocsp_missing: ocsp(
    "The server sent no OCSP response, and `ocsp.require` or the certificate (must-staple) requires one.",
    "Switch on OCSP stapling at the server. If only `ocsp.require` requires the response, you can use " +
      "`ocsp.check` instead.",
    "the server sent no OCSP response, and one is required",
  ),
  ocsp_issuer: ocsp(
    "The server's certificate is trusted by itself, because `ca` contains it or its key is pinned. No issuer " +
      "was verified whose OCSP response `ocsp.require` could accept.",
    "If you trust a single key, leave `ocsp.require` out. If certificates must be revocable, trust their CA " +
      "instead.",
    "the server's certificate is trusted by itself: there is no issuer whose OCSP response could be required",
  ),
};
