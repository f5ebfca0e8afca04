import { TlsError } from "../errors.ts";

/**
 * Returns the time of the application's clock, in ms since 1970. Throws if it is not a finite number: every comparison
 * with NaN is false, so a session or a certificate might never expire.
 */
export function timeOf(now: () => number): number {
  const time = now();
  if (Number.isFinite(time)) return time;
  throw new TlsError("internal_error", "now must return a finite number of ms", {
    code: "hook_failed",
    fault: "application",
  });
}
