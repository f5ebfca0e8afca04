/**
 * The table of a server's options. `options.ts` describes the format.
 * @module
 */
import { commonOptions, trustOptions } from "./tables.ts";

let server: readonly string[] | undefined;

/** Returns the same list each time, like `clientOptions`. */
export function serverOptions(): readonly string[] {
  server ??= [
    "any credentials",
    "=none|=request|=require clientAuth",
    ...trustOptions,
    "named[][] equalSuites",
    "boolean strictSni requireAlpn textbook tickets",
    "bytes[]|function ticketKeys",
    "any sessionStore certificateAuthorities",
    "1~86400 sessionLifetime",
    ...commonOptions,
  ];
  return server;
}
