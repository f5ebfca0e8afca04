/**
 * DHE: ephemeral Diffie-Hellman in a finite field, with the server's share signed (RFC 5246 §7.4.3, §7.4.7.2). A
 * server uses the groups of RFC 7919. A client accepts the groups that it offers and, for servers without RFC 7919,
 * groups 14 to 18 of RFC 3526. Any other prime could have a trapdoor.
 * @module
 */
import { equal, wipe } from "../../bytes/bytes.ts";
import { toNumber, withoutLeadingZeros } from "../../crypto/bigEndian.ts";
import { type FiniteField, finiteField, modpFields } from "../../crypto/finiteField.ts";
import { finiteFieldGroups } from "../../crypto/groups.ts";
import type { KeyShare } from "../../crypto/provider.ts";
import { TlsError } from "../../errors.ts";
import { type Flow, waitFor } from "../../flow.ts";
import { encode } from "../../wire/codec.ts";
import { clientDhKeyExchange, type DhParams, serverDhKeyExchange, serverDhParams } from "../../wire/messages.ts";
import type { ExchangeConfig, KeyExchangeRow } from "./exchange.ts";

export const dhe: KeyExchangeRow = {
  name: "dhe",
  groups: finiteFieldGroups,
  usesCertificate: true,
  keyUsage: "digitalSignature",

  *client(link, config) {
    const { params, signed } = yield* link.expect(serverDhKeyExchange);
    const field = fieldOf(config, params);
    return {
      group: field.name,
      signed: { ...signed, params: encode(serverDhParams, params) },
      *send() {
        const share = yield* generateShare(config, field);
        try {
          const premaster = yield* dhSharedSecret(share, params.public, field);
          link.send(clientDhKeyExchange, { public: share.publicKey });
          return { premaster };
        } finally {
          share.wipe();
        }
      },
    };
  },

  *server(link, config, { group, sign }) {
    if (group?.kind !== "field") throw new Error("DHE chosen without a group");
    const { field } = group;
    const share = yield* generateShare(config, field);
    try {
      const params = { p: field.prime(), g: Uint8Array.of(generator), public: share.publicKey };
      link.send(serverDhKeyExchange, { params, signed: yield* sign(encode(serverDhParams, params)) });
    } catch (error) {
      share.wipe();
      throw error;
    }
    return {
      *expect() {
        const message = yield* link.expect(clientDhKeyExchange);
        return { premaster: yield* dhSharedSecret(share, message.public, field) };
      },
      wipe: () => share.wipe(),
    };
  },
};

const generator = 2;

function fieldOf({ groups }: ExchangeConfig, { p, g }: DhParams): FiniteField {
  const prime = withoutLeadingZeros(p);
  const offered = groups.flatMap((group) => (group.kind === "field" ? [group.field] : []));
  const field = [...offered, ...modpFields].find((candidate) => equal(candidate.prime(), prime));
  if (!field || toNumber(g) !== BigInt(generator))
    throw new TlsError(
      "insufficient_security",
      `the server's Diffie-Hellman group of ${8 * prime.length} bits is not one that we know`,
      { code: "bad_dh_group", advice: "have the server use ffdhe2048 of RFC 7919, or ECDHE" },
    );
  return field;
}

function* generateShare({ provider, random }: ExchangeConfig, field: FiniteField): Flow<KeyShare> {
  const generate = (provider.finiteField ?? finiteField)(field.prime(), field.exponentLength);
  return yield* waitFor(generate(random));
}

/** The shared secret without its leading zeros: DH strips them (RFC 5246 §8.1.2), ECDH does not. */
function* dhSharedSecret(share: KeyShare, peerPublic: Uint8Array, field: FiniteField): Flow<Uint8Array> {
  const y = toNumber(peerPublic);
  const inRange = y > 1n && y < toNumber(field.prime()) - 1n;
  const secret = inRange ? yield* waitFor(share.agree(withoutLeadingZeros(peerPublic))) : undefined;
  if (!secret)
    throw new TlsError("illegal_parameter", `the peer's public key is not a permitted element of ${field.name}`, {
      code: "bad_dh_value",
    });
  const premaster = withoutLeadingZeros(secret).slice();
  wipe(secret);
  return premaster;
}
