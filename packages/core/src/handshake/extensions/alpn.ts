/**
 * application_layer_protocol_negotiation, RFC 7301: the client offers protocols, and the server answers with exactly
 * one of them.
 * @module
 */
import { ascii, latin1 } from "../../bytes/bytes.ts";
import { TlsError } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { bytes, type Codec, encode, list } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 16;
const name = "application_layer_protocol_negotiation";
const protocols: Codec<readonly Uint8Array[]> = list(2, bytes(1, 1), 2);

export const alpnClient: ClientExtension<"alpn"> = {
  id,
  name,
  offer: (config) => (config.alpn.length ? encode(protocols, config.alpn.map(ascii)) : undefined),
  accept(answer, _agreement, config) {
    const chosen = decodeData(this, protocols, answer).map(latin1);
    const [protocol] = chosen;
    if (chosen.length !== 1 || protocol === undefined)
      throw new TlsError("decode_error", "the server must choose exactly one ALPN protocol", { code: "invalid_alpn" });
    if (!config.alpn.includes(protocol))
      throw new TlsError(
        "illegal_parameter",
        `the server chose ALPN ${JSON.stringify(protocol)}, which was not offered`,
        { code: "invalid_alpn" },
      );
    return protocol;
  },
};

export const alpnServer: ServerExtension<"alpn"> = {
  id,
  name,
  read(data) {
    return decodeData(this, protocols, data).map(latin1);
  },
  /** Chooses the first of our protocols that the client offers, in a resumed handshake too (RFC 7301 §3.2). */
  answer(offered, { config: { alpn } }) {
    if (!alpn.length) return undefined;
    const agreed = alpn.find((protocol) => offered.includes(protocol));
    if (agreed === undefined) {
      // The client may have offered 64 KiB of control characters.
      const theirs = offered.slice(0, 16).map((one) => JSON.stringify(one));
      throw new TlsError(
        "no_application_protocol",
        `the client offers ALPN ${printable(theirs.join(", "), 200)}, we speak ${alpn.join(", ")}`,
      );
    }
    return { data: encode(protocols, [ascii(agreed)]), agreed };
  },
};
