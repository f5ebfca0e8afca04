/**
 * padding, RFC 7685: some load balancers hang on a ClientHello of 256 to 511 bytes, because they mistake it for SSL
 * 2.0. The padding depends on the whole hello, so the extension is not in the list of `all.ts`. A server ignores it.
 * @module
 */
import { encode } from "../../wire/codec.ts";
import { type ClientHello, clientHello, messageHeaderLength } from "../../wire/messages.ts";

const id = 21;
const extensionHeaderLength = 4;

/** Pads a hello of 256 to 511 bytes with zeros to at least 512 bytes. */
export function addPadding(hello: ClientHello): ClientHello {
  const length = messageHeaderLength + encode(clientHello.body, hello).length;
  if (length < 256 || length > 511) return hello;
  // At least one byte, because some old servers reject an empty extension at the end.
  const data = new Uint8Array(Math.max(1, 512 - length - extensionHeaderLength));
  return { ...hello, extensions: [...(hello.extensions ?? []), { type: id, data }] };
}
