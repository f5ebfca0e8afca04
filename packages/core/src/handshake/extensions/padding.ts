/**
 * padding, RFC 7685: some load balancers hang on a ClientHello of 256 to 511 bytes, which they take for SSL 2.0. It is made of the whole
 * hello, and so no row of client.ts. A server need not look at it.
 * @module
 */
import { encode } from "../../wire/codec.ts";
import { type ClientHello, clientHello, messageHeaderLength } from "../../wire/messages.ts";

const id = 21;
const extensionHeaderLength = 4;

/** The hello as it is, or with zeros at its end up to 512 bytes. */
export function padded(hello: ClientHello): ClientHello {
  const length = messageHeaderLength + encode(clientHello.body, hello).length;
  if (length < 256 || length > 511) return hello;
  // At least one: others of old choke on an empty extension at the end.
  const data = new Uint8Array(Math.max(1, 512 - length - extensionHeaderLength));
  return { ...hello, extensions: [...(hello.extensions ?? []), { type: id, data }] };
}
