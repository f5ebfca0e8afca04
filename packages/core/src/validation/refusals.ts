/**
 * The advice in errors about refused certificates.
 * @module
 */
import type { CertificateFault } from "../errorCodes.ts";

const pss = "RSASSA-PSS needs SHA-256 or better, in MGF1 too, and a salt length of the hash's: rsa_pss_saltlen:digest";
const extensionFile = "`openssl x509 -req` and `openssl ca` take the extensions from -extfile";

/** The names of extensions that some tools make critical, and that Handclasp does not process. */
const extensionNames: Readonly<Record<string, string>> = {
  "2.5.29.14": "subjectKeyIdentifier",
  "2.5.29.35": "authorityKeyIdentifier",
  "2.5.29.18": "issuerAltName",
  "2.5.29.46": "freshestCRL",
  "1.3.6.1.4.1.11129.2.4.3": "precertificate poison",
  "2.16.840.1.113730.1.1": "netscapeCertType",
};

/**
 * The advice by code, and by a pattern of the error's reason; the first match wins. No advice repeats the reason, which
 * may contain text that the peer sent.
 */
const advices: Readonly<Partial<Record<CertificateFault, readonly (readonly [RegExp, string])[]>>> = {
  bad_signature: [[/./, "a CA of this name has another key: use the CA certificate that belongs to this chain"]],
  expired: [[/./, "renew it; if it is new, check the clock"]],
  malformed: [
    [/^version \d/, `issue it as version 3, a server's with subjectAltName: ${extensionFile}`],
    [/^no subject/, "issue it with a subject or a critical subjectAltName"],
    [/expected tag 48, got 45$/, "that is PEM: give DER"],
  ],
  name_mismatch: [
    [/no name at all/, `issue it with subjectAltName: ${extensionFile}`],
    [/but for /, "connect to a name that it has, or use that as serverName, if it is the right server"],
  ],
  not_a_ca: [[/./, "have it issued by a CA, or issue the CA's certificate with basicConstraints CA:TRUE"]],
  not_yet_valid: [[/./, "check the clock"]],
  pin: [[/./, "if this is the right key, pin it"]],
  unknown_critical_extension: [
    [/explicit policy/, "issue it without requireExplicitPolicy"],
    [/./, "issue it without, or not critical"],
  ],
  unknown_issuer: [
    [/; ca: /, "replace that certificate in ca"],
    [/^self-signed/, "add it to ca or pin it, if it is the right one"],
    [/./, "add the CA to ca, or have the peer send its intermediates"],
  ],
  weak_key: [[/RSASSA-PSS/, pss]],
  weak_signature: [
    [/^signed with 1\.2\.840\.113549\.1\.1\.10,/, pss],
    [/./, "use SHA-256 or better with RSA, ECDSA or Ed25519"],
  ],
};

/** @param reason the `reason` of the CertificateError */
export function adviceOf(code: CertificateFault, reason: string): string | undefined {
  const advice = advices[code]?.find(([pattern]) => pattern.test(reason))?.[1];
  const [, oid = ""] = /^the critical extension ([\d.]+)/.exec(reason) ?? [];
  return Object.hasOwn(extensionNames, oid) ? `${extensionNames[oid]}: ${advice}` : advice;
}
