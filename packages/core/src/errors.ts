/**
 * The class of every error of Handclasp. An error says what happened, whose fault it is, which alert belongs to it, and
 * what to do.
 * @module
 */
import type { SpecificCode } from "./errorCodes.ts";

/** AlertDescription: RFC 5246 §7.2, and some later entries of IANA's registry. */
export const alertDescriptions = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  decryption_failed_RESERVED: 21,
  record_overflow: 22,
  decompression_failure: 30,
  handshake_failure: 40,
  no_certificate_RESERVED: 41,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  export_restriction_RESERVED: 60,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  unsupported_extension: 110,
  certificate_unobtainable: 111,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const;

/** An alert's name in the RFC. */
export type AlertDescription = keyof typeof alertDescriptions;

/** The name of an alert, or `undefined` if `alertDescriptions` has none for that number. */
export function alertName(code: number): AlertDescription | undefined {
  return (Object.keys(alertDescriptions) as AlertDescription[]).find((name) => alertDescriptions[name] === code);
}

/**
 * The part that is at fault: the peer, our configuration, the transport, the application that uses Handclasp, or
 * Handclasp itself.
 */
export type Fault = "peer" | "configuration" | "transport" | "application" | "internal";

/** A stable name of a failure, for programs. `docs/errors.md` explains each one and says what to do. */
export type TlsErrorCode = AlertDescription | SpecificCode;

export interface TlsErrorOptions {
  /** A stable name for programs. Default: the name of the alert, or `"error"` without an alert. */
  code?: TlsErrorCode;
  /** The side that found the failure: `"us"` (the default), or `"peer"` if the peer sent us an alert. */
  by?: "us" | "peer";
  /** The part that is at fault. Default `"peer"`. */
  fault?: Fault;
  /** One sentence that tells the reader what to do. */
  advice?: string | undefined;
  cause?: unknown;
}

const brand = Symbol.for("handclasp.TlsError");

/**
 * An error of Handclasp, with a code for programs and, if one fits, a TLS alert.
 * @example
 * const hasExpired = (error: unknown): boolean => TlsError.is(error) && error.code === "expired";
 */
export class TlsError extends Error {
  override readonly name = "TlsError";
  /** A stable name for programs, e.g. `"unknown_issuer"`, `"bad_record_mac"`, `"handshake_timeout"`. */
  readonly code: TlsErrorCode;
  /**
   * The alert that we send, or that the peer sent. `undefined` if no alert fits, for example when a transport failed,
   * or if the peer's alert has no name.
   */
  readonly alert: AlertDescription | undefined;
  readonly by: "us" | "peer";
  readonly fault: Fault;
  readonly advice: string | undefined;

  constructor(alert: AlertDescription | undefined, message: string, options: TlsErrorOptions = {}) {
    super(
      options.advice ? `${message} (${options.advice})` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.alert = alert;
    this.code = options.code ?? alert ?? "error";
    this.by = options.by ?? "us";
    this.fault = options.fault ?? "peer";
    this.advice = options.advice;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for a TlsError of any copy of Handclasp. `instanceof` fails if a program contains two copies of core. */
  static is(error: unknown): error is TlsError {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[brand] === true;
  }
}

/**
 * An error about a configuration that cannot work, for use before the first byte is sent. Give a `code` if a program
 * can react to the error.
 */
export const configurationError = (message: string, advice?: string, code: TlsErrorCode = "configuration"): TlsError =>
  new TlsError(undefined, message, { code, fault: "configuration", advice });

/** An error about a call that Handclasp does not allow with these arguments or at this time. */
export const usageError = (message: string): TlsError =>
  new TlsError(undefined, message, { code: "usage", fault: "application" });
