/**
 * Error messages of one line, and exit codes.
 * @module
 */
import { TlsError } from "@handclasp/node";

/** The error for flags that are wrong or contradict each other. The exit code is 2. */
export class UsageError extends Error {}

/** One line with the error and, if an alert was sent or received, the alert. */
export function errorLine(error: unknown): string {
  if (!TlsError.is(error) || !error.alert) return `error: ${reason(error)}`;
  return `error: ${reason(error)} [alert ${error.alert}, ${error.by === "us" ? "sent" : "received"}]`;
}

/** The error's message on one line. For a bug (fault "internal"), the message of its cause follows. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const cause =
    TlsError.is(error) && error.fault === "internal" && error.cause instanceof Error ? error.cause : undefined;
  return oneLine(cause ? `${error.message}: ${cause.message}` : error.message);
}

/** 2 for a UsageError or a TlsError with the fault `"configuration"`, 1 for every other error. */
export const exitCode = (error: unknown): 1 | 2 =>
  error instanceof UsageError || (TlsError.is(error) && error.fault === "configuration") ? 2 : 1;

export const oneLine = (text: string): string => text.trim().replace(/\s*[\r\n]+\s*/g, " ");
