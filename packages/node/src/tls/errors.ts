/**
 * Errors with the codes and texts of node:tls, with the error of Handclasp as `cause`.
 * @module
 */
import { type AlertDescription, TlsError, type TlsErrorCode } from "@handclasp/core";
import { socketError } from "../socket/errors.ts";

/** An error with a code of Node.js. `library` and `reason` are set if OpenSSL would have found the fault. */
export interface NodeError extends Error {
  readonly code: string;
  readonly library?: string;
  readonly reason?: string;
}

/** Makes an error with a code of Node.js. */
export function nodeError(
  code: string,
  message: string,
  {
    cause,
    type = Error,
    ...fields
  }: { cause?: unknown; type?: ErrorConstructor; library?: string; reason?: string } = {},
): NodeError {
  const error = cause === undefined ? new type(message) : new type(message, { cause });
  return Object.assign(error, { code, ...fields });
}

/** A TypeError for an argument of the wrong type. It does not show the value, which may be a secret. */
export const wrongType = (name: string, expected: string, value: unknown): NodeError =>
  nodeError(
    "ERR_INVALID_ARG_TYPE",
    `The "${name}" ${name.includes(".") ? "property" : "argument"} must be ${expected}. Received ${typeOf(value)}`,
    {
      type: TypeError,
    },
  );

function typeOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "number" || typeof value === "boolean") return `type ${typeof value} (${value})`;
  if (typeof value === "object") return `an instance of ${value.constructor?.name ?? "Object"}`;
  return `type ${typeof value}`;
}

/** OpenSSL's name of a fault that this side found, in lower case. */
const reasons: Partial<Record<TlsErrorCode, string>> = {
  not_tls: "wrong version number",
  plain_http: "http request",
  protocol_version: "unsupported protocol",
  inappropriate_fallback: "inappropriate fallback",
  no_shared_cipher: "no shared cipher",
  no_client_certificate: "peer did not return a certificate",
  no_application_protocol: "no application protocol",
  bad_record_mac: "decryption failed or bad record mac",
  decrypt_error: "digest check failed",
  bad_signature: "bad signature",
  wrong_signature_type: "wrong signature type",
  unexpected_message: "unexpected message",
  decode_error: "decode error",
  record_overflow: "data length too long",
  wrong_cipher_returned: "wrong cipher returned",
  wrong_curve: "wrong curve",
  unrecognized_name: "callback failed",
};

/** The alerts that SSL 3.0 has too. OpenSSL says so in their names. */
const alertsOfSsl3: readonly AlertDescription[] = [
  "unexpected_message",
  "bad_record_mac",
  "decompression_failure",
  "handshake_failure",
  "bad_certificate",
  "unsupported_certificate",
  "certificate_revoked",
  "certificate_expired",
  "certificate_unknown",
  "illegal_parameter",
];
/** The alerts of extensions, whose names in OpenSSL lack the word "alert". */
const alertsOfExtensions: readonly AlertDescription[] = [
  "unsupported_extension",
  "certificate_unobtainable",
  "unrecognized_name",
  "bad_certificate_status_response",
];

const alertReason = (alert: AlertDescription): string => {
  const words = alert.replace("_RESERVED", "").replaceAll("_", " ").replace("user canceled", "user cancelled");
  if (alertsOfSsl3.includes(alert)) return `sslv3 alert ${words}`;
  return alertsOfExtensions.includes(alert) ? `tlsv1 ${words}` : `tlsv1 alert ${words}`;
};

const codePrefix = "ERR_SSL_";

/** The reason of OpenSSL for a failure of TLS, `undefined` for other failures. */
function reasonOf(error: TlsError): string | undefined {
  const { by, alert } = error;
  if (by === "peer")
    return alert && alert !== "close_notify" && alert !== "user_canceled" ? alertReason(alert) : undefined;
  // This entry gave its own error the code of OpenSSL.
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code?.startsWith(codePrefix)) return code.slice(codePrefix.length).replaceAll("_", " ").toLowerCase();
  return reasons[error.code];
}

/** The error of a TLSSocket for an error with which its channel rejects. */
export function tlsSocketError(error: unknown): Error {
  if (!TlsError.is(error)) return socketError(error);
  const reason = reasonOf(error);
  if (reason !== undefined)
    return nodeError(
      `${codePrefix}${reason.replaceAll(" ", "_").toUpperCase()}`,
      `SSL routines::${reason}: ${error.message}`,
      {
        cause: error,
        library: "SSL routines",
        reason,
      },
    );
  const system = systemErrorOf(error);
  // Programs look at `address`, `port` and `syscall` too.
  if (system) return Object.assign(new Error(system.message, { cause: error }), system);
  if (error.code === "handshake_timeout")
    return nodeError("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout", { cause: error });
  return socketError(error);
}

/** The failure that Node.js reported for a socket. */
function systemErrorOf({ fault, cause }: TlsError): NodeJS.ErrnoException | undefined {
  if (fault !== "transport") return undefined;
  if (TlsError.is(cause)) return systemErrorOf(cause);
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (!(cause instanceof Error && typeof code === "string" && /^E[A-Z]+$/.test(code))) return undefined;
  return { ...(cause as NodeJS.ErrnoException), message: cause.message, name: cause.name, code };
}

/** The error that a hook of the application threw, or the error of node:tls that a hook of ours gave its own. */
export const hookError = (error: unknown): unknown =>
  TlsError.is(error) &&
  (error.code === "hook_failed" || error.fault === "configuration") &&
  error.cause instanceof Error
    ? error.cause
    : error;

export function alertOf(error: unknown): Exclude<AlertDescription, "close_notify" | `${string}_RESERVED`> {
  const cause = error instanceof Error && TlsError.is(error.cause) ? error.cause.alert : undefined;
  return (cause as ReturnType<typeof alertOf> | undefined) ?? "bad_certificate";
}

/** Where a client connects to, as far as it is known. */
export type Target = Readonly<Partial<Record<"path" | "host" | "port" | "localAddress", unknown>>>;

/**
 * The error of a connection that ends within its handshake, as in node:tls.
 * @param target of a client
 */
export function resetError(cause: unknown, target: Target | undefined): Error {
  if (!target) return nodeError("ECONNRESET", "socket hang up", { cause });
  const { path, host, port, localAddress } = target;
  const text = "Client network socket disconnected before secure TLS connection was established";
  return Object.assign(nodeError("ECONNRESET", text, { cause }), { path, host, port, localAddress });
}
