/**
 * Checks that `suites` has a suite with a pre-shared key if and only if the option `psk` is given. The key exchanges
 * check the contents of the option, so that a page without such suites does not load the code for it.
 * @module
 */

import type { ClientConfig, ServerConfig } from "../handshake/config.ts";
import type { ClientPsk, KeyExchangeRow, ServerPsk } from "../handshake/keyExchange/exchange.ts";
import type { SuiteRow } from "../handshake/suites.ts";
import { errorWithRemedy } from "../validation/options.ts";

/** True if the suite authenticates the server by a certificate. */
export const isCertified = ({ keyExchange }: SuiteRow): boolean => keyExchange.usesCertificate;

export function clientPsk(suites: readonly SuiteRow[], psk: ClientPsk | undefined): ClientConfig["psk"] {
  const reader = findPskReader(suites, psk);
  return psk && reader?.client(psk);
}

export function serverPsk(suites: readonly SuiteRow[], psk: ServerPsk | undefined): ServerConfig["psk"] {
  const reader = findPskReader(suites, psk);
  return psk && reader?.server(psk);
}

function findPskReader(suites: readonly SuiteRow[], psk: unknown): KeyExchangeRow["psk"] {
  const suite = suites.find((row) => row.keyExchange.psk);
  if (suite && !psk) throw errorWithRemedy(`${suite.name} without psk`);
  if (psk !== undefined && !suite) throw errorWithRemedy("psk without a suite that uses it");
  return suite?.keyExchange.psk;
}
