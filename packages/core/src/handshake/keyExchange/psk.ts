/**
 * PSK: a pre-shared key authenticates both sides and gives the premaster secret (RFC 4279 §2). There is no forward
 * secrecy.
 * @module
 */

import { waitFor } from "../../flow.ts";
import { clientPskKeyExchange, serverPskKeyExchange } from "../../wire/messages.ts";
import type { KeyExchangeRow } from "./exchange.ts";
import { clientPskFor, hintOf, pskPremaster, serverPskFor, stillHasKey } from "./pskCommon.ts";
import { pskOptions } from "./pskOptions.ts";

export const psk: KeyExchangeRow = {
  name: "psk",
  groups: [],
  usesCertificate: false,
  keyUsage: undefined,
  psk: pskOptions,
  stillHasKey,

  *client(link, config) {
    const message = yield* link.optional(serverPskKeyExchange);
    return {
      *send() {
        const material = yield* clientPskFor(config, message?.identityHint ?? new Uint8Array(0));
        link.send(clientPskKeyExchange, { identity: material.identity });
        return pskPremaster(config, material);
      },
    };
  },

  server(link, config) {
    const identityHint = hintOf(config);
    if (identityHint.length) link.send(serverPskKeyExchange, { identityHint });
    return waitFor({
      *expect() {
        const { identity } = yield* link.expect(clientPskKeyExchange);
        return pskPremaster(config, yield* serverPskFor(config, identity));
      },
    });
  },
};
