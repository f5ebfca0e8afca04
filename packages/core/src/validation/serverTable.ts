/**
 * What a server takes. See `options.ts` for how a row is written.
 * @module
 */
import { commonOptions, trustOptions } from "./tables.ts";

let server: readonly string[] | undefined;

/** Always the same list; see `clientOptions`. */
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
