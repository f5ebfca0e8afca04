/**
 * PSK: both sides have the key already, and it is what authenticates them (RFC 4279 §2). No forward secrecy.
 * @module
 */

import { waitFor } from "../../flow.ts";
import { clientPskIdentity, serverPskKeyExchange } from "../../wire/messages.ts";
import type { KeyExchangeRow } from "./exchange.ts";
import { clientPskFor, hintOf, pskPremaster, serverPskFor, stillHasKey } from "./presharedKey.ts";
import { pskOptions } from "./pskOptions.ts";

export const psk: KeyExchangeRow = {
  name: "psk",
  groups: [],
  certified: false,
  keyUsage: undefined,
  psk: pskOptions,
  stillHasKey: stillHasKey,

  *client(peer, config) {
    const message = yield* peer.optional(serverPskKeyExchange);
    return {
      *send() {
        const own = yield* clientPskFor(config, message?.identityHint ?? new Uint8Array(0));
        peer.send(clientPskIdentity, { identity: own.identity });
        return pskPremaster(config, own);
      },
    };
  },

  server(peer, config) {
    const identityHint = hintOf(config);
    if (identityHint.length) peer.send(serverPskKeyExchange, { identityHint });
    return waitFor({
      *expect() {
        const { identity } = yield* peer.expect(clientPskIdentity);
        return pskPremaster(config, yield* serverPskFor(config, identity));
      },
    });
  },
};
