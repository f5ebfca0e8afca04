/**
 * The fields of a request: which of them a program may set, and which of them follow a redirect.
 * @module
 */

/**
 * Fields that decide how the server reads the connection. Only `fetch` sets them: with a field of the program, the
 * server could take a part of the body for another request.
 */
const framing: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Fields with secrets for one origin. They do not follow a redirect to another origin. */
const credentials: readonly string[] = ["authorization", "cookie", "cookie2", "proxy-authorization"];

/** Fields that describe the body. They are dropped with it (Fetch standard, "request-body-header name"). */
const bodyFields: readonly string[] = ["content-encoding", "content-language", "content-location", "content-type"];

const token = /^[!#$%&'*+.^_`|~\w-]+$/;
/** A text of characters below U+0100 without control characters other than the tab. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Checks the fields that a program set. `Headers` has checked them, but a program may have replaced `Headers`, and a
 * line end in a value would begin another field.
 * @throws TypeError
 */
export function checkHeaders(headers: Headers, url: URL): void {
  for (const [name, value] of headers) {
    if (!token.test(name) || !fieldValue.test(value))
      throw new TypeError(`the header ${JSON.stringify(name)} has characters that HTTP does not allow`);
    if (framing.has(name.toLowerCase())) throw new TypeError(`the header ${name} is set by fetch alone`);
    if (name.toLowerCase() === "host" && value.toLowerCase() !== url.host)
      throw new TypeError("the header host differs from the URL's host, which is always sent");
  }
}

export const isToken = (text: string): boolean => token.test(text);

export function dropCredentials(headers: Headers): void {
  for (const name of credentials) headers.delete(name);
}

export function dropBodyFields(headers: Headers): void {
  for (const name of bodyFields) headers.delete(name);
}
