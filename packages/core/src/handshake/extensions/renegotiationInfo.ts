/**
 * renegotiation_info, RFC 5746: said on the first handshake, so that nobody can splice one. We never renegotiate.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { bytes, encode } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";

const id = 0xff01;
const name = "renegotiation_info";
const renegotiatedConnection = bytes(1);

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 §3.3: the same in a suite's number. */
export const emptyRenegotiationInfoScsv = 0x00ff;

function check(this: { readonly name: string }, data: Uint8Array): void {
  if (read(this, renegotiatedConnection, data).length)
    throw new TlsError("handshake_failure", "renegotiation_info of an initial handshake must be empty", {
      code: "renegotiation_mismatch",
    });
}

export const renegotiationInfoClient: ClientExtension = {
  id,
  name,
  offer: () => encode(renegotiatedConnection, new Uint8Array(0)),
  accept(answer, agreement) {
    check.call(this, answer);
    agreement.secureRenegotiation = true;
  },
  absent({ requireSecureRenegotiation }) {
    if (requireSecureRenegotiation)
      throw new TlsError("handshake_failure", "the server does not know secure renegotiation (RFC 5746)", {
        code: "unsafe_legacy_renegotiation",
        advice: "update the server, or say requireSecureRenegotiation: false if it is known never to renegotiate",
      });
  },
};

export const renegotiationInfoServer: ServerExtension = {
  id,
  name,
  read(data, offer) {
    check.call(this, data);
    offer.secureRenegotiation = true;
  },
  answer(offer, agreement) {
    agreement.secureRenegotiation = offer.secureRenegotiation;
    return offer.secureRenegotiation ? encode(renegotiatedConnection, new Uint8Array(0)) : undefined;
  },
};
