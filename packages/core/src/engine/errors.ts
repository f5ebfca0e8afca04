/**
 * The errors of a connection that no message of the peer's is to blame for.
 * @module
 */
import { TlsError } from "../errors.ts";

export const sealTimedOut = (): TlsError =>
  new TlsError(undefined, "a record was not sealed in time, and is lost", { code: "seal_timeout", fault: "internal" });

/** The carrier failed. Where it was there and is gone during the handshake, it is told as what that means for TLS. */
export const carrierFailed = (error: TlsError, inHandshake: boolean): TlsError =>
  inHandshake && (error.code === "connection_lost" || error.code === "peer_left") ? cutOff(true, error) : error;

/** The carrier ended, and TLS did not. */
export const cutOff = (inHandshake: boolean, cause?: TlsError): TlsError =>
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

export const peerGone = (cause: TlsError): TlsError =>
  new TlsError(undefined, "the peer closed in order, and left before our close_notify", {
    code: "peer_gone",
    fault: "transport",
    cause,
  });

export const asTlsError = (error: unknown): TlsError =>
  TlsError.is(error)
    ? error
    : new TlsError("internal_error", "something broke that should not", {
        fault: "internal",
        cause: error,
        advice: "this is a bug of Handclasp or of its host: please report the cause",
      });

/** Errors that ended a connection: what a hook passes on of another connection has not to do with this one's peer. */
const ends: WeakSet<TlsError> = /* @__PURE__ */ new WeakSet();

/** This error ends a connection. */
export const noteEnd = (error: TlsError): void => void ends.add(error);

/** A hook may choose the alert, by a TlsError of its own making that names one. */
export const asHookError = (error: unknown): TlsError =>
  TlsError.is(error) && error.alert && error.by === "us" && !ends.has(error)
    ? error
    : new TlsError("internal_error", "a hook of the application threw", {
        advice: "the cause is its error",
        fault: "application",
        code: "hook_failed",
        cause: error,
      });
