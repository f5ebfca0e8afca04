/**
 * Converts the errors of a channel to those of a socket. Libraries for Node.js look at `code`, so a socket's error has
 * a code of Node.js if Node.js has one for it. The TlsError is its `cause`. Other errors are the TlsError itself.
 * @module
 */
import { TlsError, type TlsErrorCode } from "@handclasp/core";

/** The codes of Node.js for a connection that was cut, or that the other side did not close in time. */
const codes: Partial<Record<TlsErrorCode, string>> = {
  closed: "EPIPE",
  closed_during_handshake: "ECONNRESET",
  connection_lost: "ECONNRESET",
  peer_gone: "ECONNRESET",
  peer_left: "ECONNRESET",
  transport_failed: "ECONNRESET",
  truncated: "ECONNRESET",
  close_timeout: "ETIMEDOUT",
  peer_unresponsive: "ETIMEDOUT",
  idle_timeout: "ETIMEDOUT",
  write_timeout: "ETIMEDOUT",
  connection_timeout: "ETIMEDOUT",
  connection_refused: "ECONNREFUSED",
  host_not_found: "ENOTFOUND",
  host_unreachable: "EHOSTUNREACH",
  handshake_timeout: "ERR_TLS_HANDSHAKE_TIMEOUT",
};

/** An error with a code, as Node.js has them, and the error of Handclasp. */
export class SocketError extends Error {
  readonly code: string;

  constructor(code: string, cause: TlsError) {
    super(`${code}: ${cause.message}`, { cause });
    this.code = code;
  }
}

/** The error of a socket for an error with which its channel rejects. */
export function socketError(error: unknown): Error {
  if (!TlsError.is(error)) return error instanceof Error ? error : new Error(String(error), { cause: error });
  const code = isPeersAbort(error) ? "ECONNRESET" : (codeOfHost(error) ?? codes[error.code]);
  return code === undefined ? error : new SocketError(code, error);
}

/** True if this side has closed the channel or has aborted it. */
export const isLocalEnd = (error: unknown): boolean =>
  TlsError.is(error) && (error.code === "closed_locally" || error.code === "aborted");

/** The peer's application has ended the connection without an error of TLS: it has destroyed its socket. */
export const isPeersAbort = ({ alert, by }: TlsError): boolean => by === "peer" && alert === "user_canceled";

/** The code with which Node.js reported a failure of the network, such as `"ENETUNREACH"`. */
function codeOfHost({ fault, cause }: TlsError): string | undefined {
  if (fault !== "transport") return undefined;
  // A lost connection has the error of the transport as its cause, and that one the error of Node.js.
  if (TlsError.is(cause)) return codeOfHost(cause);
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && /^E[A-Z]+$/.test(code) ? code : undefined;
}
