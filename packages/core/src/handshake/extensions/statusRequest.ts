/**
 * status_request, RFC 6066 §8: the client asks for the status of the server's certificate. The server sends the status
 * in CertificateStatus after Certificate.
 * @module
 */

import { TlsError } from "../../errors.ts";
import { callHook, type Flow } from "../../flow.ts";
import { bytes, type Codec, empty, encode, list, struct, uint8 } from "../../wire/codec.ts";
import { ocspStatus } from "../../wire/messages.ts";
import type { Offer } from "../agreement.ts";
import type { ServerCredential } from "../config.ts";
import { type ClientExtension, decodeData, emptyAnswer, type ServerExtension } from "./extension.ts";

const id = 5;
const name = "status_request";

/** CertificateStatusRequest of type ocsp. We name no responders and no extensions. */
const request: Codec<{
  readonly statusType: number;
  readonly responderIds: readonly Uint8Array[];
  readonly requestExtensions: Uint8Array;
}> = struct({ statusType: uint8, responderIds: list(2, bytes(2, 1)), requestExtensions: bytes(2) });

export const statusRequestClient: ClientExtension<"statusRequest"> = {
  id,
  name,
  offer: ({ ocsp }) =>
    ocsp && encode(request, { statusType: ocspStatus, responderIds: [], requestExtensions: new Uint8Array(0) }),
  accept(answer) {
    decodeData(this, empty, answer);
    return true;
  },
};

export const statusRequestServer: ServerExtension<"statusRequest"> = {
  id,
  name,
  read(data) {
    if (!data.length) throw new TlsError("decode_error", "status_request without a type");
    // The format of other types is unknown.
    if (data[0] !== ocspStatus) return undefined;
    decodeData(this, request, data);
    return true;
  },
  answer: (_, { response }) => (response ? emptyAnswer : undefined),
};

/** Returns the OCSP response if the client asks for it and the credential has one. Never throws. */
export function* ocspResponseFor(offer: Offer, credential: ServerCredential | undefined): Flow<Uint8Array | undefined> {
  const source = credential?.ocspResponse;
  if (!offer.statusRequest || !source) return undefined;
  return yield* callHook(source);
}
