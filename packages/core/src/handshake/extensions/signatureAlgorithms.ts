/**
 * signature_algorithms, RFC 5246 §7.4.1.4.1. A client that does not send it implies SHA-1, which we refuse.
 * @module
 */
import { type Codec, encode, list, uint16 } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 13;
const name = "signature_algorithms";
const schemes: Codec<readonly number[]> = list(2, uint16, 2);

/** It has no `accept`, because a server must not answer the extension (RFC 5246 §7.4.1.4.1). */
export const signatureAlgorithmsClient: ClientExtension<"schemes"> = {
  id,
  name,
  offer: (config) =>
    encode(
      schemes,
      config.schemes.map((scheme) => scheme.id),
    ),
};

export const signatureAlgorithmsServer: ServerExtension<"schemes"> = {
  id,
  name,
  read(data, config) {
    const sent = decodeData(this, schemes, data);
    return config.schemes.filter((scheme) => sent.includes(scheme.id));
  },
};
