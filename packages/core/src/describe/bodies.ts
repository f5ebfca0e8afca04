/**
 * The codec of each message's body.
 * @module
 */
import type { Readable } from "../bytes/reader.ts";
import type { KeyExchange } from "../handshake/keyExchange/exchange.ts";
import {
  type CipherSuite,
  ccmSuites,
  dheSuites,
  ecdhePskSuites,
  legacySuites,
  pskSuites,
} from "../handshake/suites.ts";
import * as messages from "../wire/messages.ts";

/** All suites that Handclasp has. */
export const allSuites: readonly CipherSuite[] = [
  ...legacySuites,
  ...dheSuites,
  ...ccmSuites,
  ...ecdhePskSuites,
  ...pskSuites,
];

type ExchangeName = KeyExchange["name"];

/** The part of a message type that reads. */
interface Body {
  readonly id: number;
  readonly body: Readable<unknown>;
}

/** The key exchange of a suite, by the suite's name. `undefined` if Handclasp does not have the suite. */
export const keyExchangeOf = (suite: string | undefined): ExchangeName | undefined =>
  allSuites.find(({ name }) => name === suite)?.keyExchange.name;

/** The messages whose format depends on the key exchange. */
const exchanges: Readonly<Record<12 | 16, Readonly<Partial<Record<ExchangeName, Body>>>>> = {
  12: {
    ecdhe: messages.serverEcdhKeyExchange,
    dhe: messages.serverDhKeyExchange,
    psk: messages.serverPskKeyExchange,
    ecdhe_psk: messages.serverEcdhPskKeyExchange,
  },
  16: {
    rsa: messages.clientEncryptedPremaster,
    ecdhe: messages.clientEcdhKeyExchange,
    dhe: messages.clientDhKeyExchange,
    psk: messages.clientPskKeyExchange,
    ecdhe_psk: messages.clientEcdhPskKeyExchange,
  },
};

const others: readonly Body[] = [
  messages.clientHello,
  messages.serverHello,
  messages.newSessionTicket,
  messages.certificate,
  messages.certificateRequest,
  messages.certificateStatus,
  messages.certificateVerify,
  messages.finished,
];

/** The codec of a message's body, by the message's number. `undefined` if it is unknown. */
export function bodyOf(id: number, suite: string | undefined): Readable<unknown> | undefined {
  if (id !== 12 && id !== 16) return others.find((type) => type.id === id)?.body;
  const exchange = keyExchangeOf(suite);
  return exchange && exchanges[id][exchange]?.body;
}
