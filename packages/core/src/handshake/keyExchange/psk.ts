/**
 * PSK: both sides have the key already, and it is what authenticates them (RFC 4279 §2). No forward secrecy.
 * @module
 */

import { settle } from "../../flow.ts";
import { clientPskIdentity, serverPskKeyExchange } from "../../wire/messages.ts";
import type { KeyExchangeRow } from "./exchange.ts";
import { agreeOnKey, choosePsk, hintOf, holdsKey, lookUp } from "./presharedKey.ts";
import { pskOptions } from "./pskOptions.ts";

export const psk: KeyExchangeRow = {
  name: "psk",
  groups: [],
  certified: false,
  keyUsage: undefined,
  psk: pskOptions,
  holdsKey,

  *client(peer, config) {
    const message = yield* peer.optional(serverPskKeyExchange);
    return {
      *send() {
        const own = yield* choosePsk(config, message?.identityHint ?? new Uint8Array(0));
        peer.send(clientPskIdentity, { identity: own.identity });
        return agreeOnKey(config, own);
      },
    };
  },

  server(peer, config) {
    const identityHint = hintOf(config);
    if (identityHint.length) peer.send(serverPskKeyExchange, { identityHint });
    return settle({
      *expect() {
        const { identity } = yield* peer.expect(clientPskIdentity);
        return agreeOnKey(config, yield* lookUp(config, identity));
      },
    });
  },
};
