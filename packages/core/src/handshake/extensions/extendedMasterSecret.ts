/**
 * extended_master_secret, RFC 7627. A client always offers it.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { empty } from "../../wire/codec.ts";
import type { CommonConfig } from "../config.ts";
import { type ClientExtension, decodeData, emptyAnswer, type ServerExtension } from "./extension.ts";

const id = 23;
const name = "extended_master_secret";

const requireExtension = (config: CommonConfig): void => {
  if (config.requireExtendedMasterSecret)
    throw new TlsError("handshake_failure", "the peer has no extended_master_secret (RFC 7627)", {
      code: "no_extended_master_secret",
      advice: "update the peer, or do without requireExtendedMasterSecret",
    });
};

export const extendedMasterSecretClient: ClientExtension<"extendedMasterSecret"> = {
  id,
  name,
  offer: () => new Uint8Array(0),
  accept(answer) {
    decodeData(this, empty, answer);
    return true;
  },
  absent: requireExtension,
};

export const extendedMasterSecretServer: ServerExtension<"extendedMasterSecret"> = {
  id,
  name,
  read(data, { textbook }) {
    decodeData(this, empty, data);
    return textbook ? undefined : true;
  },
  answer: () => emptyAnswer,
  absent: requireExtension,
};
