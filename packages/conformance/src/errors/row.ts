/**
 * What the reference says of one code.
 * @module
 */
import type { AlertDescription, Fault } from "@handclasp/core";

export interface ErrorRow {
  /** What we may send for it; empty where the peer sent it, or where nobody is there to be told. */
  readonly alerts: readonly AlertDescription[];
  readonly faults: readonly Fault[];
  readonly means: string;
  readonly remedy: string;
  /** A message, without the advice that follows it in brackets. */
  readonly example: string;
}

type Words = readonly [means: string, remedy: string, example: string];

/** Of an error that has this fault alone, and one alert or none. */
const of =
  (fault: Fault) =>
  (alert: AlertDescription | undefined, ...[means, remedy, example]: Words): ErrorRow => ({
    alerts: alert ? [alert] : [],
    faults: [fault],
    means,
    remedy,
    example,
  });

type Make = (alert: AlertDescription | undefined, ...words: Words) => ErrorRow;
type MakeSilent = (...words: Words) => ErrorRow;

/** What the peer said is wrong. */
export const peer: Make = of("peer");
/** The application did what cannot be. */
export const application: Make = of("application");
/** We, or the host, have failed. */
export const internal: Make = of("internal");
/** What carries the connection: there is nobody to send an alert to. */
export const transport: MakeSilent = (...words) => of("transport")(undefined, ...words);
/** Raised before any byte is sent. */
export const configuration: MakeSilent = (...words) => of("configuration")(undefined, ...words);
