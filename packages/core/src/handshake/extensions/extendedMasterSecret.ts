/**
 * extended_master_secret, RFC 7627: offered always.
 * @module
 */
import { TlsError } from "../../errors.ts";
import type { ClientExtension, ServerExtension } from "./extension.ts";

const id = 23;
const name = "extended_master_secret";
const nothing = (data: Uint8Array): void => {
  if (data.length) throw new TlsError("decode_error", "extended_master_secret must be empty");
};

export const extendedMasterSecretClient: ClientExtension = {
  id,
  name,
  offer: () => new Uint8Array(0),
  accept(answer, agreement) {
    nothing(answer);
    agreement.extendedMasterSecret = true;
  },
};

export const extendedMasterSecretServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    nothing(data);
    offer.extendedMasterSecret = true;
  },
  answer(offer, agreement) {
    agreement.extendedMasterSecret = offer.extendedMasterSecret;
    return offer.extendedMasterSecret ? new Uint8Array(0) : undefined;
  },
};
