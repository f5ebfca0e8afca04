/**
 * Error messages of one line, and exit codes.
 * @module
 */
import { printable } from "@handclasp/core/unstable";
import { TlsError } from "@handclasp/node";

/** The error for flags that are wrong or contradict each other. The exit code is 2. */
export class UsageError extends Error {}

/**
 * One line with the error, its code, for docs/errors.md, and, if an alert was sent or received, the alert, which is the
 * code of many errors.
 */
export function errorLine(error: unknown): string {
  const text = `error: ${reason(error)}`;
  if (!TlsError.is(error) || error.code === "configuration") return text;
  const { code, alert, by } = error;
  const parts = [code !== alert && code, alert && `alert ${alert}, ${by === "us" ? "sent" : "received"}`];
  return [text, ...parts.filter(Boolean).map((part) => `[${part}]`)].join(" ");
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

export const oneLine = (text: string): string => visible(text.trim().replace(/\s*[\r\n]+\s*/g, " "));

/** A text that may have a peer's words, without the control characters that a terminal would obey. */
export const visible = (text: string): string => printable(text, 10_000);

/** A value as one line of JSON, without the control characters that JSON allows and a terminal would obey. */
export const jsonLine = (value: object): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
