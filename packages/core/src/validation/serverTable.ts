/**
 * The table of a server's options. `options.ts` describes the format.
 * @module
 */
import { commonOptions, trustOptions } from "./tables.ts";

const clientRows: readonly string[] = [
  "=none|=request|=require clientAuth",
  ...trustOptions,
  "any certificateAuthorities",
];

/** The options of `ReloadOptions` that are not in `commonOptions`. */
const reloadableRows: readonly string[] = [
  "any credentials",
  ...clientRows,
  "object virtualHosts",
  "named[][] equalSuites",
  "boolean strictSni requireAlpn tickets",
  "bytes[]|function ticketKeys",
];

let server: readonly string[] | undefined;
let reload: readonly string[] | undefined;

/** Returns the same list each time, like `clientOptions`. */
export function serverOptions(): readonly string[] {
  server ??= [...reloadableRows, "boolean textbook", "any sessionStore", "1~86400 sessionLifetime", ...commonOptions];
  return server;
}

/** The options of `reload`. */
export function reloadOptions(): readonly string[] {
  reload ??= [...reloadableRows, "named[] suites groups signatureSchemes", "string[] alpn", "any psk"];
  return reload;
}

/** The options of one virtual host. */
export const virtualHostOptions = (): readonly string[] => clientRows;
