/**
 * Reads the arguments of `fetch`.
 * @module
 */
import { type BodySource, bodySource, cancelStream, isStream } from "./requestBody.ts";
import { checkHeaders, isToken } from "./requestHeaders.ts";

/** The second argument of `fetch`. */
export type FetchInit = RequestInit & {
  /** `"half"` is required if the body is a stream. */
  readonly duplex?: "half";
};

/** A request that `fetch` can send. A redirect makes another one of it. */
export interface FetchRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodySource | undefined;
  readonly redirect: "follow" | "manual" | "error";
  /** True if no other origin than the first may answer. */
  readonly isSameOrigin: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The properties of `init` and of a Request that count. A Request of another realm or library is one too. */
type Input = Partial<Omit<Request, "body">> & { readonly body?: unknown; readonly duplex?: unknown };

/** A request whose body is not read yet. */
export interface CheckedRequest extends Omit<FetchRequest, "body"> {
  /** @throws the reason of the aborted signal */
  readBody(): Promise<BodySource | undefined>;
}

/**
 * Checks the arguments at once: `fetch` must reject for a wrong argument or an aborted signal before a later microtask.
 * @throws TypeError, or the reason of an aborted signal
 */
export function checkRequest(
  input: string | URL | Request,
  init: FetchInit | undefined,
  base: URL | undefined,
): CheckedRequest {
  const given = (init ?? {}) as Input;
  const request = isRequest(input) ? (input as Input) : {};
  const pick = <Name extends keyof Input>(name: Name): Input[Name] =>
    given[name] === undefined ? request[name] : given[name];

  const url = urlOf(isRequest(input) ? input.url : String(input), base);
  const method = methodOf(pick("method"));
  const headers = new Headers(pick("headers"));
  checkHeaders(headers, url);
  checkUnsupported(pick, given);
  checkWithPlatform(url, method, given);
  const redirect = pick("redirect") ?? "follow";
  if (!["follow", "manual", "error"].includes(redirect)) throw new TypeError("redirect: unknown value");
  const isSameOrigin = pick("mode") === "same-origin";
  if (isSameOrigin && url.origin !== base?.origin) throw new TypeError("the URL has another origin than fetch's base");
  const signal = given.signal === undefined ? request.signal : given.signal;
  if (signal && typeof signal.addEventListener !== "function") throw new TypeError("signal: not an AbortSignal");

  const readBody = bodyOf(given, request, method, headers, signal ?? undefined);
  return { url, method, headers, readBody, redirect, isSameOrigin, signal: signal ?? undefined };
}

const isRequest = (input: string | URL | Request): input is Request =>
  typeof input === "object" && input !== null && "method" in input && "headers" in input;

/** @throws TypeError */
export function urlOf(text: string, base: URL | undefined): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw new TypeError(base ? "the URL is invalid" : "the URL is invalid, or relative without the option `origin`");
  }
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`the URL's scheme is ${url.protocol}, expected https:`);
  if (url.username || url.password) throw new TypeError("the URL has a user name or password");
  return url;
}

function methodOf(given: string | undefined): string {
  const method = String(given ?? "GET");
  const upper = method.toUpperCase();
  if (!isToken(method)) throw new TypeError("the method is not a token");
  if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`the method ${upper} is not allowed`);
  return ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].includes(upper) ? upper : method;
}

/** Refuses options whose effect the program relies on, and which do not exist here. docs/fetch.md lists the others. */
function checkUnsupported(pick: <Name extends keyof Input>(name: Name) => Input[Name], given: object): void {
  const refused = (what: string): TypeError => new TypeError(`${what} does not exist here: see docs/fetch.md`);
  if (pick("integrity")) throw refused("integrity");
  if (pick("keepalive")) throw refused("keepalive");
  if (pick("mode") === "navigate") throw refused('mode: "navigate"');
  if (pick("cache") === "only-if-cached") throw refused('cache: "only-if-cached"');
  if ("dispatcher" in given && given.dispatcher) throw refused("dispatcher");
}

const checkedByPlatform = ["cache", "credentials", "mode", "priority", "referrer", "referrerPolicy", "window"];

/** The platform knows the values of its options, and throws a TypeError for others. */
function checkWithPlatform(url: URL, method: string, given: object): void {
  const options = Object.entries(given).filter(([name]) => checkedByPlatform.includes(name));
  if (options.length) new Request(url, { ...Object.fromEntries(options), method });
}

function bodyOf(
  given: Input,
  request: Input,
  method: string,
  headers: Headers,
  signal: AbortSignal | undefined,
): CheckedRequest["readBody"] {
  const own = given.body ?? undefined;
  const body = own ?? request.body ?? undefined;
  // Firefox has no `body` of a Request.
  const isUnnamed =
    own === undefined &&
    !("body" in request) &&
    typeof request.arrayBuffer === "function" &&
    !["GET", "HEAD"].includes(method);
  if (body !== undefined && (method === "GET" || method === "HEAD"))
    throw new TypeError(`a request with the method ${method} has no body`);
  if (own === undefined && request.bodyUsed) throw new TypeError("the body of the request was read before");
  if (isStream(own) && given.duplex !== "half") throw new TypeError('a stream as the body needs duplex: "half"');
  if (signal?.aborted) {
    if (isStream(body)) cancelStream(body, signal.reason);
    // The Request counts as read.
    else if (isUnnamed) blobOf(request).catch(() => {});
    throw signal.reason;
  }
  return async () => {
    const content = isUnnamed ? await blobOf(request) : body;
    if (content === undefined) return undefined;
    const { source, type } = await bodySource(content);
    if (signal?.aborted) source.cancel(signal.reason);
    signal?.throwIfAborted();
    if (type && !headers.has("content-type")) headers.set("content-type", type);
    return source;
  };
}

async function blobOf(request: Input): Promise<ArrayBuffer | undefined> {
  const bytes = await request.arrayBuffer?.();
  return bytes?.byteLength ? bytes : undefined;
}
