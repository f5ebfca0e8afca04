/**
 * Pre-shared keys: whether the suites and what the user gives go together. The exchanges themselves check what the user
 * gives, so that a page without them does not load that code.
 * @module
 */

import type { ClientConfig, ServerConfig } from "../handshake/config.ts";
import type { ClientPsk, KeyExchangeRow, ServerPsk } from "../handshake/keyExchange/exchange.ts";
import type { SuiteRow } from "../handshake/suites.ts";
import { briefError } from "../validation/options.ts";

/** True where the server is known by its certificate. */
export const isCertified = ({ keyExchange }: SuiteRow): boolean => keyExchange.certified;

export function clientPsk(suites: readonly SuiteRow[], psk: ClientPsk | undefined): ClientConfig["psk"] {
  const options = optionsOf(suites, psk);
  return psk && options?.client(psk);
}

export function serverPsk(suites: readonly SuiteRow[], psk: ServerPsk | undefined): ServerConfig["psk"] {
  const options = optionsOf(suites, psk);
  return psk && options?.server(psk);
}

function optionsOf(suites: readonly SuiteRow[], psk: unknown): KeyExchangeRow["psk"] {
  const suite = suites.find((row) => row.keyExchange.psk);
  if (suite && !psk) throw briefError(`${suite.name} without psk`);
  if (psk !== undefined && !suite) throw briefError("psk without a suite that uses it");
  return suite?.keyExchange.psk;
}
