/**
 * The options of a server. `options.ts` describes the rows.
 * @module
 */
import { commonOptions, trustOptions } from "./tables.ts";

let server: readonly string[] | undefined;

/** The same list each time; see `clientOptions`. */
export function serverOptions(): readonly string[] {
  server ??= [
    "any credentials",
    "=none|=request|=require clientAuth",
    ...trustOptions,
    "named[][] equalSuites",
    "boolean strictSni requireAlpn tickets",
    "bytes[]|function ticketKeys",
    "any sessionStore certificateAuthorities",
    "1~86400 sessionLifetime",
    ...commonOptions,
  ];
  return server;
}
