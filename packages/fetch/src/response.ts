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
import type { BodyFailure } from "./streams.ts";

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
  const failure: BodyFailure = {};
  if (request.method !== "HEAD" && !withoutBody.includes(status))
    body = decoded(bodyStream(exchange, request.signal, failure), headers.get("content-encoding"), failure);
  else exchange.fail(undefined); // A server that sends a body nevertheless has another idea of the framing.

  const url = new URL(request.url);
  url.hash = "";
  return described(new Response(body, { status, statusText, headers }), url.href, isRedirected, failure);
}

const readers = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];

type Read = (this: Response) => Promise<unknown>;

/** Sets the properties that only a fetch of the platform can give to a Response. */
function described(response: Response, url: string, redirected: boolean, failure: BodyFailure): Response {
  const define = (name: string, value: unknown): void =>
    void Object.defineProperty(response, name, { value, configurable: true, writable: true });
  define("url", url);
  define("redirected", redirected);
  define("type", "basic");
  define("clone", () => described(Response.prototype.clone.call(response), url, redirected, failure));
  for (const name of readers) {
    const read = (Response.prototype as unknown as Record<string, Read | undefined>)[name];
    if (read) define(name, () => readWith(read, response, failure));
  }
  return response;
}

/** Reads the body, and rejects with the reason why it failed. Chromium would reject with an error of its own. */
async function readWith(read: Read, response: Response, failure: BodyFailure): Promise<unknown> {
  if (failure.failed) throw failure.failed.reason;
  try {
    return await read.call(response);
  } catch (error) {
    throw reasonOf(failure, error);
  }
}

const reasonOf = ({ failed }: BodyFailure, error: unknown): unknown => (failed ? failed.reason : error);
