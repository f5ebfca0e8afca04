/**
 * ECDHE_PSK: a pre-shared key authenticates both sides, and ephemeral key pairs give forward secrecy (RFC 5489 §2).
 * The server signs nothing.
 * @module
 */
import { defaultGroups } from "../../crypto/groups.ts";
import { clientEcdhPskKeyExchange, serverEcdhPskKeyExchange } from "../../wire/messages.ts";
import { ecdhParams, ecdhSharedSecret, generateShare, groupOf, isCurve } from "./ecdheCommon.ts";
import type { KeyExchangeRow } from "./exchange.ts";
import { clientPskFor, hintOf, pskPremaster, serverPskFor, stillHasKey } from "./pskCommon.ts";
import { pskOptions } from "./pskOptions.ts";

export const ecdhePsk: KeyExchangeRow = {
  name: "ecdhe_psk",
  groups: defaultGroups,
  usesCertificate: false,
  keyUsage: undefined,
  psk: pskOptions,
  stillHasKey,

  *client(link, config, precomputed) {
    const { identityHint, params } = yield* link.expect(serverEcdhPskKeyExchange);
    const group = groupOf(config, params);
    return {
      group: group.name,
      *send() {
        const material = yield* clientPskFor(config, identityHint);
        const share = yield* generateShare(config, group, precomputed);
        try {
          const secret = yield* ecdhSharedSecret(share, params.public, group);
          link.send(clientEcdhPskKeyExchange, { identity: material.identity, public: share.publicKey });
          return pskPremaster(config, material, secret);
        } finally {
          share.wipe();
        }
      },
    };
  },

  *server(link, config, { group }) {
    if (!isCurve(group)) throw new Error("ECDHE chosen without a group");
    const share = yield* generateShare(config, group);
    link.send(serverEcdhPskKeyExchange, { identityHint: hintOf(config), params: ecdhParams(group, share) });
    return {
      *expect() {
        const message = yield* link.expect(clientEcdhPskKeyExchange);
        const secret = yield* ecdhSharedSecret(share, message.public, group);
        return pskPremaster(config, yield* serverPskFor(config, message.identity), secret);
      },
      wipe: () => share.wipe(),
    };
  },
};
