/**
 * A response of node:http whose connection fails.
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** The property of a socket in which a client of node:http keeps the request that the socket carries. */
interface ClientSocket {
  readonly _httpMessage?: { readonly res?: IncomingMessage | null } | null;
}

/**
 * Fails the response that a socket is receiving. node:http ends a response at an error of its socket, as it does at the
 * peer's end, if the response has neither a length nor chunks: one that was cut would look complete.
 */
export function failResponse(socket: Duplex, error: Error): void {
  const response = (socket as ClientSocket)._httpMessage?.res;
  if (response && !response.complete) response.destroy(error);
}
