import { asHookError } from "../engine/errors.ts";

/**
 * Returns the time of the application's clock, in ms since 1970. Throws if the clock throws, or if the time is not a
 * finite number: every comparison with NaN is false, so a session or a certificate might never expire.
 */
export function timeOf(now: () => number): number {
  try {
    const time = now();
    if (Number.isFinite(time)) return time;
    throw new RangeError("now must return a finite number of ms");
  } catch (error) {
    throw asHookError(error);
  }
}
