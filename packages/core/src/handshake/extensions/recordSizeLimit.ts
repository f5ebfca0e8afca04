/**
 * record_size_limit, RFC 8449: each side says how long the plaintext of a protected record may be that it takes. It is said anew in each handshake.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { maxPlaintext, minRecordSize } from "../../limits.ts";
import { encode, uint16 } from "../../wire/codec.ts";
import { type ClientExtension, read, type ServerExtension } from "./extension.ts";
import { bothAnswered } from "./maxFragmentLength.ts";

const id = 28;
const name = "record_size_limit";
const illegal = (why: string): TlsError => new TlsError("illegal_parameter", `record_size_limit ${why}`);

function readLimit(this: { readonly name: string }, data: Uint8Array): number {
  const limit = read(this, uint16, data);
  if (limit < minRecordSize) throw illegal(`${limit}, at least ${minRecordSize} wanted`);
  return limit;
}

export const recordSizeLimitClient: ClientExtension<"recordSizeLimit"> = {
  id,
  name,
  offer: ({ recordSizeLimit: limit }) => (limit === undefined ? undefined : encode(uint16, limit)),
  accept(answer, agreement, config) {
    const send = readLimit.call(this, answer);
    if (send > maxPlaintext) throw illegal(`${send}, TLS 1.2 has at most ${maxPlaintext}`);
    if (agreement.maxFragmentLength !== undefined) throw bothAnswered();
    return { send, receive: config.recordSizeLimit ?? maxPlaintext };
  },
};

export const recordSizeLimitServer: ServerExtension<"recordSizeLimit"> = {
  id,
  name,
  /** More than TLS 1.2 has may be for a version that we do not know (RFC 8449 §4): our own bound is less. */
  read: readLimit,
  answer: (send, { config: { recordSizeLimit: receive = maxPlaintext } }) => ({
    data: encode(uint16, receive),
    agreed: { send, receive },
  }),
};
