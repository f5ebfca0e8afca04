/**
 * extended_master_secret, RFC 7627: offered always.
 * @module
 */
import { TlsError } from "../../errors.ts";
import type { CommonConfig } from "../config.ts";
import type { ClientExtension, ServerExtension } from "./extension.ts";

const id = 23;
const name = "extended_master_secret";
const nothing = (data: Uint8Array): void => {
  if (data.length) throw new TlsError("decode_error", "extended_master_secret must be empty");
};

const insist = (config: CommonConfig): void => {
  if (config.requireExtendedMasterSecret)
    throw new TlsError("handshake_failure", "the peer has no extended_master_secret (RFC 7627)", {
      code: "no_extended_master_secret",
      advice: "update the peer, or do without requireExtendedMasterSecret",
    });
};

export const extendedMasterSecretClient: ClientExtension = {
  id,
  name,
  offer: () => new Uint8Array(0),
  accept(answer, agreement) {
    nothing(answer);
    agreement.extendedMasterSecret = true;
  },
  absent: insist,
};

export const extendedMasterSecretServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    nothing(data);
    offer.extendedMasterSecret = true;
  },
  answer(offer, agreement, config) {
    if (!offer.extendedMasterSecret) insist(config);
    agreement.extendedMasterSecret = offer.extendedMasterSecret;
    return offer.extendedMasterSecret ? new Uint8Array(0) : undefined;
  },
};
