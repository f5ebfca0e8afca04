/**
 * renegotiation_info, RFC 5746: prevents an attacker from passing a client's initial handshake to the server as a
 * renegotiation. We never renegotiate.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { bytes, encode } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 0xff01;
const name = "renegotiation_info";
const renegotiatedConnection = bytes(1);

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 §3.3: a suite value with the same meaning as the empty extension. */
export const emptyRenegotiationInfoScsv = 0x00ff;

function check(this: { readonly name: string }, data: Uint8Array): true {
  if (decodeData(this, renegotiatedConnection, data).length)
    throw new TlsError("handshake_failure", "renegotiation_info of an initial handshake must be empty", {
      code: "renegotiation_mismatch",
    });
  return true;
}

export const renegotiationInfoClient: ClientExtension<"secureRenegotiation"> = {
  id,
  name,
  offer: () => encode(renegotiatedConnection, new Uint8Array(0)),
  accept: check,
  absent({ requireSecureRenegotiation }) {
    if (requireSecureRenegotiation)
      throw new TlsError("handshake_failure", "the server does not support secure renegotiation (RFC 5746)", {
        code: "unsafe_legacy_renegotiation",
        advice: "update the server, or set requireSecureRenegotiation: false if it never renegotiates",
      });
  },
};

export const renegotiationInfoServer: ServerExtension<"secureRenegotiation"> = {
  id,
  name,
  read: check,
  answer: () => ({ data: encode(renegotiatedConnection, new Uint8Array(0)), agreed: true }),
};
