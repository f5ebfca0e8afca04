/**
 * What a server takes. See `options.ts` for how a row is written.
 * @module
 */
import { commonOptions, trustOptions } from "./tables.ts";

export const serverOptions = (): readonly string[] => [
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
