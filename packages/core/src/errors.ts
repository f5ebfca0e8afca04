/**
 * Every failure of Handclasp is one class, told by its brand: what happened, whose fault it is, the alert, what to do.
 * @module
 */
import type { OwnCode } from "./errorCodes.ts";

/** AlertDescription, RFC 5246 §7.2 and the registry since. */
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

/** The RFC's name of an alert. */
export type AlertDescription = keyof typeof alertDescriptions;

/** The name of an alert's number, `undefined` where the registry has none. */
export function alertName(code: number): AlertDescription | undefined {
  return (Object.keys(alertDescriptions) as AlertDescription[]).find((name) => alertDescriptions[name] === code);
}

/** Whose fault a failure is: what we were sent, how we were set up, what carries us, or ourselves. */
export type Fault = "peer" | "configuration" | "transport" | "application" | "internal";

/** A stable name of what happened, for programs; docs/errors.md says of each what it means and what to do. */
export type TlsErrorCode = AlertDescription | OwnCode;

export interface TlsErrorOptions {
  /** A stable name for programs; the alert's where nothing is more exact. */
  code?: TlsErrorCode;
  /** Who raised it: we, or the peer by sending us an alert. Default `"us"`. */
  by?: "us" | "peer";
  /** Default `"peer"`. */
  fault?: Fault;
  /** What the reader can do about it, one sentence. */
  advice?: string | undefined;
  cause?: unknown;
}

const brand = Symbol.for("handclasp.TlsError");

/**
 * A typed failure.
 * @example
 * try { await channel.opened } catch (error) { if (TlsError.is(error) && error.code === "expired") renew(); }
 */
export class TlsError extends Error {
  override readonly name = "TlsError";
  /** A stable name for programs, e.g. `"unknown_issuer"`, `"bad_record_mac"`, `"handshake_timeout"`. */
  readonly code: TlsErrorCode;
  /** The alert that we send for it, or that the peer sent us; `undefined` where none fits (a transport that broke). */
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

  /** True for an error of any copy of Handclasp: packages may be bundled twice, so `instanceof` would lie. */
  static is(error: unknown): error is TlsError {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[brand] === true;
  }
}

/** The user asked for something that cannot be: raised before any byte is sent. `code` where a program can do something about it. */
export const configurationError = (message: string, advice?: string, code: TlsErrorCode = "configuration"): TlsError =>
  new TlsError(undefined, message, { code, fault: "configuration", advice });

/** The application used a connection in a way its state does not allow. */
export const usageError = (message: string): TlsError =>
  new TlsError(undefined, message, { code: "usage", fault: "application" });
