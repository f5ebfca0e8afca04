/**
 * What goes wrong, as one line.
 * @module
 */
import { TlsError } from "@handclasp/node";

/** The command was called in a way that cannot work: exit code 2. */
export class UsageError extends Error {}

/** One line that names what failed, and the alert. */
export function errorLine(error: unknown): string {
  if (!TlsError.is(error) || !error.alert) return `error: ${reason(error)}`;
  return `error: ${reason(error)} [alert ${error.alert}, ${error.by === "us" ? "sent" : "received"}]`;
}

/** What failed, on one line; where that is a bug, its cause as well. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const cause =
    TlsError.is(error) && error.fault === "internal" && error.cause instanceof Error ? error.cause : undefined;
  return oneLine(cause ? `${error.message}: ${cause.message}` : error.message);
}

/** 2 where the flags cannot work, 1 for whatever else fails. */
export const exitCode = (error: unknown): 1 | 2 =>
  error instanceof UsageError || (TlsError.is(error) && error.fault === "configuration") ? 2 : 1;

export const oneLine = (text: string): string => text.trim().replace(/\s*[\r\n]+\s*/g, " ");
