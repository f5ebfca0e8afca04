/**
 * supported_groups, RFC 8422 §5.1.1, RFC 7919.
 * @module
 */
import { isFiniteField } from "../../crypto/groups.ts";
import { type Codec, encode, list, uint16 } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 10;
const name = "supported_groups";
const groups: Codec<readonly number[]> = list(2, uint16, 2);

export const supportedGroupsClient: ClientExtension<"groups"> = {
  id,
  name,
  offer: (config) =>
    config.suites.some(({ keyExchange }) => keyExchange.groups.length)
      ? encode(
          groups,
          config.groups.map((group) => group.id),
        )
      : undefined,
  /** Ignores the answer: a server must not send this extension, but some do. */
  accept: () => undefined,
};

export const supportedGroupsServer: ServerExtension<"groups"> = {
  id,
  name,
  read(data, config) {
    const sent = decodeData(this, groups, data);
    return {
      supported: config.groups.filter((group) => sent.includes(group.id)),
      limitsFiniteFields: sent.some(isFiniteField),
    };
  },
};
