/**
 * The arguments of a socket's constructor: the URL and the protocols, checked as the WebSocket standard says.
 * @module
 */
import { isToken } from "@handclasp/core/messages";

export const domError = (name: string, message: string): DOMException => new DOMException(message, name);

/**
 * Resolves a URL against that of the page. `http:` and `https:` become `ws:` and `wss:`.
 * @throws DOMException SyntaxError
 */
export function socketUrl(given: unknown): URL {
  const text = String(given);
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw domError("SyntaxError", `the URL ${JSON.stringify(text)} is invalid`);
  }
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(url.protocol))
    throw domError("SyntaxError", `the URL's scheme is ${url.protocol} instead of ws:, wss:, http: or https:`);
  if (url.href.includes("#")) throw domError("SyntaxError", "the URL has a fragment");
  if (url.username || url.password)
    throw domError("SyntaxError", "the URL has a user name or password, which would not reach the server");
  return url;
}

/** @throws DOMException SyntaxError */
export function socketProtocols(given: unknown): readonly string[] {
  const isList = typeof given === "object" && given !== null && Symbol.iterator in given;
  const protocols = isList ? Array.from(given as Iterable<unknown>, String) : [String(given)];
  const names = new Set(protocols.map((one) => one.toLowerCase()));
  if (protocols.every(isToken) && names.size === protocols.length) return protocols;
  throw domError("SyntaxError", `the protocols ${JSON.stringify(protocols)} are not tokens, each once`);
}

/** @throws DOMException InvalidAccessError, SyntaxError */
export function checkClose(code: number | undefined, reason: string): void {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
    throw domError("InvalidAccessError", `the close code ${code} is neither 1000 nor in 3000 to 4999`);
  if (new TextEncoder().encode(reason).length > 123)
    throw domError("SyntaxError", "the reason has more than 123 bytes of UTF-8");
}
