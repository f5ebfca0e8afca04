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

function check(this: { readonly name: string }, data: Uint8Array): true {
  if (read(this, renegotiatedConnection, data).length)
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
      throw new TlsError("handshake_failure", "the server does not know secure renegotiation (RFC 5746)", {
        code: "unsafe_legacy_renegotiation",
        advice: "update the server, or say requireSecureRenegotiation: false if it is known never to renegotiate",
      });
  },
};

export const renegotiationInfoServer: ServerExtension<"secureRenegotiation"> = {
  id,
  name,
  read: check,
  answer: () => ({ data: encode(renegotiatedConnection, new Uint8Array(0)), agreed: true }),
};
