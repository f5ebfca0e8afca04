/**
 * The error for a refused certificate, and its alert (RFC 5246 §7.2.2).
 * @module
 */

import type { CertificateFault } from "../errorCodes.ts";
import { type AlertDescription, TlsError, type TlsErrorOptions } from "../errors.ts";
import { printable } from "../printable.ts";

export type { CertificateFault };

const alerts: Partial<Record<CertificateFault, AlertDescription>> = {
  unknown_issuer: "unknown_ca",
  expired: "certificate_expired",
  not_yet_valid: "certificate_expired",
  key_usage: "unsupported_certificate",
  extended_key_usage: "unsupported_certificate",
  weak_key: "unsupported_certificate",
  weak_signature: "unsupported_certificate",
  budget: "certificate_unknown",
  pin: "certificate_unknown",
  untrusted: "certificate_unknown",
};

/** The certificate that an error is about. */
export interface CertificatePlace {
  /**
   * The index of the certificate in the chain that the peer sent, 0 for the end-entity; `undefined` if the peer did not
   * send the certificate, for example a trust anchor.
   */
  readonly position?: number | undefined;
  /** The subject as text of RFC 4514; `undefined` if the subject could not be read. */
  readonly subject?: string | undefined;
}

/**
 * The error for a refused certificate; `code` is the reason.
 * @example
 * if (TlsError.is(error) && error.code === "expired") console.error((error as CertificateError).subject);
 */
export class CertificateError extends TlsError {
  declare readonly code: CertificateFault;
  /** The message without the certificate's place and without the advice. */
  readonly reason: string;
  readonly position: number | undefined;
  readonly subject: string | undefined;

  constructor(
    fault: CertificateFault,
    reason: string,
    place: CertificatePlace = {},
    options: Omit<TlsErrorOptions, "code"> = {},
  ) {
    const clean = printable(reason, 600);
    super(alerts[fault] ?? "bad_certificate", `${describe(place)}: ${clean}`, { ...options, code: fault });
    this.reason = clean;
    this.position = place.position;
    this.subject = place.subject;
  }
}

const describe = ({ position, subject }: CertificatePlace): string =>
  (position === undefined ? "certificate" : `certificate ${position}`) +
  (subject === undefined ? "" : ` (${printable(subject, 200) || "no subject"})`);
