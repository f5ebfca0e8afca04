/**
 * The errors of `fetch`: a TypeError, whose `cause` says what happened.
 * @module
 */
import { TlsError } from "@handclasp/core/client";
import type { HttpFault } from "@handclasp/core/unstable";

/** A fault of the server's response. */
export const responseError = (code: HttpFault, message: string, cause?: unknown): TlsError =>
  new TlsError(undefined, message, { code, fault: "peer", cause });

/** A fault of the request, or of what the program allows. */
export const requestError = (code: HttpFault, message: string, advice?: string, cause?: unknown): TlsError =>
  new TlsError(undefined, message, { code, fault: "application", advice, cause });

/** The cause of a request that `close` ended. */
export const closedError = (ms: number): TlsError =>
  new TlsError(undefined, `this fetch was closed, and the response was not complete within ${ms} ms`, {
    code: "closed_locally",
    fault: "application",
    advice: "read the response before `close`, or give `close` a longer `grace`",
  });

/** The errors that `failed` made, so that it does not wrap them again. */
const made = new WeakSet<TypeError>();

/** The error of a fetch that failed, as the Fetch standard demands: a TypeError. */
export function failed(cause: unknown): TypeError {
  if (cause instanceof TypeError && made.has(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const error = new TypeError(`fetch failed: ${reason}`, { cause });
  made.add(error);
  return error;
}
