/**
 * The errors of a connection that are not caused by a message of the peer.
 * @module
 */
import { TlsError } from "../errors.ts";

export const unsealedError = (): TlsError =>
  new TlsError(undefined, "a record was not sealed in time and is lost", { code: "seal_timeout", fault: "internal" });

/** The error of a failed transport, or `closed_during_handshake` if an open transport is lost during the handshake. */
export const transportLostError = (error: TlsError, inHandshake: boolean): TlsError =>
  inHandshake && (error.code === "connection_lost" || error.code === "peer_left")
    ? truncationError(true, error)
    : error;

/** The error of a transport that ended without close_notify. */
export const truncationError = (inHandshake: boolean, cause?: TlsError): TlsError =>
  inHandshake
    ? new TlsError(undefined, `${cause?.message ?? "the transport closed"} during the handshake`, {
        code: "closed_during_handshake",
        fault: "transport",
        advice: "is the other side a TLS peer, and is it up?",
        cause,
      })
    : new TlsError(undefined, "the transport closed without close_notify: data may be missing", {
        code: "truncated",
        fault: "transport",
      });

export const peerGoneError = (cause: TlsError): TlsError =>
  new TlsError(undefined, "the peer closed cleanly and left before our close_notify", {
    code: "peer_gone",
    fault: "transport",
    cause,
  });

export const asTlsError = (error: unknown): TlsError =>
  TlsError.is(error)
    ? error
    : new TlsError("internal_error", "unexpected exception", {
        fault: "internal",
        cause: error,
        advice: "a bug in Handclasp or its host: please report the cause",
      });

/**
 * Errors that ended a connection. A hook may throw the error of another connection, and that error must not choose the
 * alert for this connection's peer.
 */
const connectionErrors: WeakSet<TlsError> = /* @__PURE__ */ new WeakSet();

/** Records that this error ended a connection. */
export const noteEnd = (error: TlsError): void => void connectionErrors.add(error);

/**
 * Returns the error for the one that a hook threw. A hook chooses the alert by throwing a new TlsError with an alert.
 * Any other error becomes `hook_failed`.
 */
export const asHookError = (error: unknown): TlsError =>
  TlsError.is(error) && error.alert && error.by === "us" && !connectionErrors.has(error)
    ? error
    : new TlsError("internal_error", "a hook of the application threw", {
        advice: "see the cause",
        fault: "application",
        code: "hook_failed",
        cause: error,
      });
