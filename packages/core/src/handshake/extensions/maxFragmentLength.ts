/**
 * max_fragment_length, RFC 6066 §4: for a client with little memory. The length is a property of the session.
 * record_size_limit supersedes this extension.
 * @module
 */
import { TlsError } from "../../errors.ts";
import { type Codec, encode, uint8 } from "../../wire/codec.ts";
import { type ClientExtension, decodeData, type ServerExtension } from "./extension.ts";

const id = 1;
const name = "max_fragment_length";

/** The fragment lengths in bytes. The value on the wire is the index plus 1. */
export const fragmentLengths = [512, 1024, 2048, 4096] as const;
const length: Codec<number | undefined> = {
  read: (r) => fragmentLengths[uint8.read(r) - 1],
  write: (w, value) => uint8.write(w, (fragmentLengths as readonly (number | undefined)[]).indexOf(value) + 1),
};
const encodeLength = (value: number | undefined): Uint8Array | undefined =>
  value === undefined ? undefined : encode(length, value);
const illegal = (why: string): TlsError => new TlsError("illegal_parameter", `max_fragment_length: ${why}`);
/** The error if a server answers both max_fragment_length and record_size_limit (RFC 8449 §5). */
export const bothAnswered = (): TlsError => illegal("the server answers record_size_limit too");

export const maxFragmentLengthClient: ClientExtension<"maxFragmentLength"> = {
  id,
  name,
  offer: ({ maxFragmentLength }) => encodeLength(maxFragmentLength),
  accept(answer, agreement, config) {
    const chosen = decodeData(this, length, answer);
    if (chosen !== config.maxFragmentLength)
      throw illegal(`the server answers ${chosen ?? "an unknown length"}, we asked for ${config.maxFragmentLength}`);
    if (agreement.recordSizeLimit) throw bothAnswered();
    return chosen;
  },
};

export const maxFragmentLengthServer: ServerExtension<"maxFragmentLength"> = {
  id,
  name,
  read(data, _config, { recordSizeLimit }) {
    // The server ignores this extension if the client also sends record_size_limit (RFC 8449 §5).
    if (recordSizeLimit !== undefined) return undefined;
    const offered = decodeData(this, length, data);
    if (offered === undefined) throw illegal("an unknown length");
    return offered;
  },
  answer: (agreed) => ({ data: encode(length, agreed), agreed }),
};
