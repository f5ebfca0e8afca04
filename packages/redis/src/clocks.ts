/**
 * Which clock is wrong, if the ticket keys in Redis do not fit to the clock of this process.
 *
 * Two processes that disagree cannot find out alone which of them is right, so the clock of Redis decides. Processes
 * that agree do not ask it, so a wrong clock of Redis alone does no harm.
 * @module
 */
import { clockSkew } from "./limits.ts";

/** Returns an error if this process is the one with the wrong clock. */
export function ownClockError(now: number, redisTime: number): Error | undefined {
  const ahead = now - redisTime;
  if (Math.abs(ahead) <= clockSkew) return undefined;
  const difference = `${hours(ahead)} ${ahead > 0 ? "ahead of" : "behind"} that of Redis`;
  return new Error(
    `the clock of this process is ${difference}: check both clocks. Until they agree, this process has no ticket keys`,
  );
}

export type Misfit = "early" | "late";

/** The error of a process whose own clock is right. */
export const otherClockError = (misfit: Misfit, by: number): Error =>
  new Error(
    misfit === "early"
      ? `a ticket key in Redis begins to encrypt in ${hours(by)}: check the clocks of all processes`
      : `the ticket keys in Redis expired ${hours(by)} ago, and are still there: check the clocks of all processes`,
  );

const hours = (ms: number): string => `${(Math.abs(ms) / 3_600_000).toFixed(1)} h`;
