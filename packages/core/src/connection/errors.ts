/**
 * The errors of a channel that do not come from TLS: from its timers, its transport and its application.
 * @module
 */
import { type AlertDescription, TlsError, type TlsErrorCode, type TlsErrorOptions } from "../errors.ts";

export const transportError = (
  code: TlsErrorCode,
  message: string,
  options?: Pick<TlsErrorOptions, "advice" | "cause">,
): TlsError => new TlsError(undefined, message, { code, fault: "transport", ...options });

/** This side called `close`: later reads and writes reject with this error. */
export const localCloseError = (): TlsError =>
  new TlsError(undefined, "this side has closed the connection", { code: "closed_locally", fault: "application" });

/** The connection ended without an error, and this side did not call `close`. */
export const closedError = (): TlsError => transportError("closed", "the connection is closed");

/** The transport accepts no more bytes. */
export const goneError = (): TlsError => transportError("connection_lost", "the transport is gone");

/**
 * This side called `abort`. The error is always a new one: `reason` may be the error of another connection, whose alert
 * would misinform this peer.
 */
export const abortError = (reason: unknown, alert: AlertDescription): TlsError =>
  new TlsError(alert, "the application ended the connection", {
    code: "aborted",
    fault: "application",
    ...(reason !== undefined && { cause: reason }),
  });

export const handshakeTimeoutError = (what: string, ms: number): TlsError =>
  new TlsError("close_notify", `${what} within ${ms} ms`, {
    code: "handshake_timeout",
    advice: "is the other side a TLS 1.2 peer, and reachable?",
  });

export const closeTimeoutError = (ms: number): TlsError =>
  new TlsError(undefined, `the connection was not closed within ${ms} ms`, { code: "close_timeout" });

/** @param error the error of a transport, or anything that it has thrown */
export const asTransportError = (error: unknown): TlsError =>
  TlsError.is(error)
    ? error
    : transportError("transport_failed", `the transport failed: ${(error as Error | null)?.message}`, { cause: error });

/**
 * True if a fatal alert ended the connection, sent by us or by the peer (RFC 5246 §7.2.2). An unknown alert of the peer
 * has no name.
 */
export const endsSession = ({ alert, by }: TlsError): boolean =>
  by === "peer" || (alert !== undefined && alert !== "close_notify");
