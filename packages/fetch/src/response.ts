/**
 * Makes a Response of the platform.
 * @module
 */
import type { Bytes } from "@handclasp/core/client";

import { decoded } from "./contentCoding.ts";
import type { Exchange } from "./exchange.ts";
import type { FetchRequest } from "./request.ts";
import { bodyStream } from "./responseBody.ts";
import type { ResponseHead } from "./responseParser.ts";

/** The statuses of which a Response has no body (Fetch standard, "null body status"). */
const withoutBody: readonly number[] = [204, 205, 304];

export function responseOf(
  request: FetchRequest,
  head: ResponseHead,
  exchange: Exchange,
  isRedirected: boolean,
): Response {
  const { status, statusText, headers } = head;
  let body: ReadableStream<Bytes> | null = null;
  if (request.method !== "HEAD" && !withoutBody.includes(status))
    body = decoded(bodyStream(exchange, request.signal), headers.get("content-encoding"));
  else exchange.fail(undefined); // A server that sends a body nevertheless has another idea of the framing.

  const url = new URL(request.url);
  url.hash = "";
  return described(new Response(body, { status, statusText, headers }), url.href, isRedirected);
}

/** Sets the properties that only a fetch of the platform can give to a Response. */
function described(response: Response, url: string, redirected: boolean): Response {
  const clone = (): Response => described(Response.prototype.clone.call(response), url, redirected);
  const values = { url, redirected, type: "basic", clone };
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(response, name, { value, configurable: true, writable: true });
  return response;
}
