/**
 * Redirects, as the Fetch standard says ("HTTP-redirect fetch").
 * @module
 */
import { bytesOf } from "./bytes.ts";
import { failed, requestError, responseError } from "./errors.ts";
import { type FetchRequest, urlOf } from "./request.ts";
import { dropBodyFields, dropCredentials } from "./requestHeaders.ts";
import type { ResponseHead } from "./responseParser.ts";

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/**
 * The request that a response asks for, or `undefined` if the program gets the response.
 * @throws TypeError
 */
export function redirectOf(request: FetchRequest, { status, headers }: ResponseHead): FetchRequest | undefined {
  if (!redirects.includes(status) || request.redirect === "manual") return undefined;
  const refused = (message: string): TypeError => failed(requestError("redirect_refused", message));
  if (request.redirect === "error") throw refused('the server redirects, and `redirect` is "error"');
  const location = headers.get("location");
  if (location === null) return undefined;

  const url = locationOf(location, request.url);
  const isOtherOrigin = url.origin !== request.url.origin;
  if (isOtherOrigin && request.isSameOrigin)
    throw refused('the server redirects to another origin, and `mode` is "same-origin"');
  const { method } = request;
  const becomesGet = (status === 303 && method !== "GET" && method !== "HEAD") || (status <= 302 && method === "POST");
  if (status !== 303 && request.body && !request.body.isReplayable)
    throw refused("the server redirects a request whose body is a stream, which can be sent only once");

  const next = new Headers(request.headers);
  if (becomesGet) dropBodyFields(next);
  if (isOtherOrigin) dropCredentials(next);
  return {
    ...request,
    url,
    headers: next,
    method: becomesGet ? "GET" : method,
    body: becomesGet ? undefined : request.body,
  };
}

function locationOf(location: string, base: URL): URL {
  try {
    // The bytes of a field are read as latin1, and servers write URLs in UTF-8.
    const url = urlOf(new TextDecoder().decode(bytesOf(location)), base);
    if (!location.includes("#")) url.hash = base.hash;
    return url;
  } catch (error) {
    throw failed(responseError("invalid_response", "the server redirects to an invalid URL", error));
  }
}
