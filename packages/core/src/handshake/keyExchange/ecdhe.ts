/**
 * ECDHE: each side generates a key pair for one handshake, and the server signs its share (RFC 8422 §5.4, §5.7).
 * The shared x coordinate, with its leading zeros, is the premaster secret (RFC 8422 §5.10).
 * @module
 */
import { defaultGroups } from "../../crypto/groups.ts";
import { encode } from "../../wire/codec.ts";
import { clientEcdhKeyExchange, serverEcdhKeyExchange, serverEcdhParams } from "../../wire/messages.ts";
import { ecdhParams, ecdhSharedSecret, generateShare, groupOf, isCurve } from "./ecdheCommon.ts";
import type { KeyExchangeRow } from "./exchange.ts";

export const ecdhe: KeyExchangeRow = {
  name: "ecdhe",
  groups: defaultGroups,
  usesCertificate: true,
  keyUsage: "digitalSignature",

  *client(link, config, precomputed) {
    const { params, signed } = yield* link.expect(serverEcdhKeyExchange);
    const group = groupOf(config, params);
    return {
      group: group.name,
      signed: { ...signed, params: encode(serverEcdhParams, params) },
      *send() {
        const share = yield* generateShare(config, group, precomputed);
        try {
          const premaster = yield* ecdhSharedSecret(share, params.public, group);
          link.send(clientEcdhKeyExchange, { public: share.publicKey });
          return { premaster };
        } finally {
          share.wipe();
        }
      },
    };
  },

  *server(link, config, { group, sign }) {
    if (!isCurve(group)) throw new Error("ECDHE chosen without a group");
    const share = yield* generateShare(config, group);
    try {
      const params = ecdhParams(group, share);
      link.send(serverEcdhKeyExchange, { params, signed: yield* sign(encode(serverEcdhParams, params)) });
    } catch (error) {
      share.wipe();
      throw error;
    }
    return {
      *expect() {
        const message = yield* link.expect(clientEcdhKeyExchange);
        return { premaster: yield* ecdhSharedSecret(share, message.public, group) };
      },
      wipe: () => share.wipe(),
    };
  },
};
