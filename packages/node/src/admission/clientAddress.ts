/**
 * The address of the client that made a request, behind proxies too.
 * @module
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * The number of proxies in front of the server, each of which appends the address of its own client to
 * X-Forwarded-For; or a function that finds the address in the request. An option, because without a proxy every client
 * can write that header.
 */
export type TrustProxy = number | ((request: IncomingMessage) => string | undefined);

/**
 * The address of the client. If the header lacks it, the peer of the socket counts, which is the proxy or a client that
 * went past it.
 * @throws what the function of the application throws, and a TypeError for a result that is no text
 */
export function clientAddressOf(request: IncomingMessage, trustProxy: TrustProxy | undefined): string | undefined {
  const { remoteAddress } = request.socket;
  if (trustProxy === undefined) return remoteAddress;
  const found = typeof trustProxy === "number" ? forwardedFor(request, trustProxy) : called(trustProxy, request);
  // The zone of a link-local address (RFC 4007 §11) has a meaning only on the computer that wrote it, and any length.
  const address = found?.replace(/%.*$/s, "");
  return address !== undefined && isIP(address) ? address : remoteAddress;
}

function called(find: Exclude<TrustProxy, number>, request: IncomingMessage): string | undefined {
  const found: unknown = find(request);
  if (found === undefined || typeof found === "string") return found;
  // Any client can cause a request, so a promise that rejects must not end the process.
  Promise.resolve(found).catch(() => {});
  throw new TypeError("trustProxy returned neither a text nor undefined");
}

/** The address that the first of the proxies has appended. Some proxies write the port behind it. */
function forwardedFor({ headers }: IncomingMessage, proxies: number): string | undefined {
  const addresses = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
  const text = addresses.at(-proxies)?.trim() ?? "";
  return /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^([0-9.]+):\d+$/.exec(text)?.[1] ?? text;
}
