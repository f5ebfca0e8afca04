/**
 * The two most common refusals: the issuer of a certificate is unknown, or the certificate is for another name.
 * @module
 */
import type { Certificate } from "./certificate.ts";
import type { CertificateError } from "./errors.ts";
import { matchesReference, parseReference } from "./name.ts";
import type { Rules } from "./path.ts";

/**
 * The error for a certificate whose issuer is unknown.
 * @param unusable the errors of the certificates in `ca` that could not be used; the issuer may be one of them
 */
export function unknownIssuer(
  { makeError }: Rules,
  certificate: Certificate,
  unusable: readonly CertificateError[] = [],
): CertificateError {
  if (certificate.issuer.normalised === certificate.subject.normalised)
    return makeError(certificate, "unknown_issuer", "self-signed and no trust anchor");
  const unusableAnchor = unusable.find(({ subject }) => subject === certificate.issuer.text);
  const reason = `its issuer ${certificate.issuer.text} is no trust anchor and was not sent`;
  return makeError(certificate, "unknown_issuer", unusableAnchor ? `${reason}; ${unusableAnchor.message}` : reason);
}

/** Returns an error if no name of the certificate matches the reference. */
export function checkReference(
  { makeError }: Rules,
  leaf: Certificate,
  reference: string,
): CertificateError | undefined {
  if (matchesReference(leaf, reference)) return undefined;
  if (!parseReference(reference)) {
    return makeError(leaf, "name_mismatch", `${JSON.stringify(reference)} is neither a DNS name nor an IP address`);
  }
  const { dns, ip } = leaf.subjectAltNames;
  const names = [...dns.map((name) => `DNS:${name}`), ...ip.map((address) => `IP:${address}`)];
  const list = names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
  return makeError(leaf, "name_mismatch", `not for ${reference}, but for ${list || "no name at all (subjectAltName)"}`);
}
