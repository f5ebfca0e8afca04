/**
 * The errors of a channel's own: of its clock, its carrier and its user.
 * @module
 */
import { type AlertDescription, TlsError, type TlsErrorCode, type TlsErrorOptions } from "../errors.ts";

/** The carrier's failure as Handclasp's. */
export const transportError = (
  code: TlsErrorCode,
  message: string,
  options?: Pick<TlsErrorOptions, "advice" | "cause">,
): TlsError => new TlsError(undefined, message, { code, fault: "transport", ...options });

/** This side called `close`: a read or write that comes too late rejects with this. */
export const closedLocally = (): TlsError =>
  new TlsError(undefined, "this side has closed the connection", { code: "closed_locally", fault: "application" });

/** The connection ended in order, and the peer's end came first. */
export const connectionClosed = (): TlsError => transportError("closed", "the connection is closed");

/** The transport takes nothing any more. */
export const carrierGone = (): TlsError => transportError("connection_lost", "the carrier of the connection is gone");

/**
 * This side called `abort`. It is always this connection's own error: the alert of another one would tell this peer a
 * lie.
 */
export const abortedBy = (reason: unknown, alert: AlertDescription): TlsError =>
  new TlsError(alert, "the application ended the connection", {
    code: "aborted",
    fault: "application",
    ...(reason !== undefined && { cause: reason }),
  });

export const handshakeTimedOut = (what: string, ms: number): TlsError =>
  new TlsError("close_notify", `${what} within ${ms} ms`, {
    code: "handshake_timeout",
    advice: "is the other side a TLS 1.2 peer, and reachable?",
  });

export const closeTimedOut = (ms: number): TlsError =>
  new TlsError(undefined, `the connection was not closed within ${ms} ms`, { code: "close_timeout" });

export const asTransportError = (error: Error): TlsError =>
  TlsError.is(error)
    ? error
    : transportError("transport_failed", `the transport failed: ${error.message}`, { cause: error });

/** RFC 5246 §7.2.2: a fatal alert, ours or the peer's, one of the peer's that has no name included. */
export const endsSession = ({ alert, by }: TlsError): boolean =>
  by === "peer" || (alert !== undefined && alert !== "close_notify");
