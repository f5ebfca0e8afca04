/**
 * record_size_limit, RFC 8449: each side announces the largest plaintext of a protected record that it accepts. The
 * limits are negotiated in every handshake.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { maxPlaintext, minRecordSize } from "../../limits.ts";
import { encode, uint16 } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";
import { bothAnswered } from "./maxFragmentLength.ts";

const id = 28;
const name = "record_size_limit";
const illegal = (why: string): TlsError => new TlsError("illegal_parameter", `record_size_limit ${why}`);

function readLimit(this: { readonly name: string }, data: Uint8Array): number {
  const limit = decodeData(this, uint16, data);
  if (limit < minRecordSize) throw illegal(`${limit}, expected at least ${minRecordSize}`);
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
  /**
   * A client may announce more than TLS 1.2 allows, for later versions (RFC 8449 §4). The writer sends no larger
   * records than `maxFragment`.
   */
  read: readLimit,
  answer: (send, { config: { recordSizeLimit: receive = maxPlaintext } }) => ({
    data: encode(uint16, receive),
    agreed: { send, receive },
  }),
};
