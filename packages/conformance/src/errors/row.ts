/**
 * One row of the reference: the description of one error code.
 * @module
 */
import type { AlertDescription, Fault } from "@handclasp/core";

export interface ErrorRow {
  /** The alerts that Handclasp may send for this code. Empty if it sends none. */
  readonly alerts: readonly AlertDescription[];
  readonly faults: readonly Fault[];
  readonly means: string;
  readonly remedy: string;
  /** A message, without the advice that follows it in brackets. */
  readonly example: string;
}

type Words = readonly [means: string, remedy: string, example: string];

/** Returns a function that makes rows with this fault and at most one alert. */
const rowsOfFault =
  (fault: Fault) =>
  (alert: AlertDescription | undefined, ...[means, remedy, example]: Words): ErrorRow => ({
    alerts: alert ? [alert] : [],
    faults: [fault],
    means,
    remedy,
    example,
  });

type MakeRow = (alert: AlertDescription | undefined, ...words: Words) => ErrorRow;
type MakeRowWithoutAlert = (...words: Words) => ErrorRow;

/** The peer sent something wrong. */
export const peer: MakeRow = rowsOfFault("peer");
/** The application made a mistake. */
export const application: MakeRow = rowsOfFault("application");
/** Handclasp or its host (Node.js or the browser) failed. */
export const internal: MakeRow = rowsOfFault("internal");
/** The transport failed, so no alert can be sent. */
export const transport: MakeRowWithoutAlert = (...words) => rowsOfFault("transport")(undefined, ...words);
/** The configuration is wrong. The error is thrown before any byte is sent. */
export const configuration: MakeRowWithoutAlert = (...words) => rowsOfFault("configuration")(undefined, ...words);
