/**
 * The errors of HTTP in a channel (docs/fetch.md). A program finds them as the `cause` of the TypeError of `fetch`.
 * @module
 */
import type { HttpFault } from "@handclasp/core/unstable";
import { application, type ErrorRow, peer } from "./row.ts";

export const httpRows: Readonly<Record<HttpFault, ErrorRow>> = {
  incomplete_response: peer(
    undefined,
    "The server ended the connection before its response was complete: before the head, or within the body.",
    "Send the request again if that does no harm. If it happens always, correct the server.",
    "the server ended the connection within the response",
  ),
  invalid_response: peer(
    undefined,
    "The response is not valid HTTP/1.1, or has a form in which two programs could see different messages: a folded " +
      "line, a bare LF, Transfer-Encoding with Content-Length, two lengths. Or its body is not of its " +
      "content coding, or it redirects to an invalid URL.",
    "Correct the server, or the proxy before it.",
    "the response is not valid HTTP/1.1: INVALID_CONTENT_LENGTH: Invalid HTTP Content-Length",
  ),
  no_free_connection: application(
    undefined,
    "All connections to the origin were in use for `headerTimeout`. Usually the program neither reads nor cancels " +
      "the bodies of responses.",
    "Read or cancel the body of each response, or raise `maxConnections`.",
    "no connection became free within 300000 ms",
  ),
  no_route: application(
    undefined,
    "A request or a redirect goes to an origin to which no channel leads.",
    "Give `createFetch` the option `route`, or correct the URL. In a page, `new Request` makes a relative URL " +
      "relative to the page.",
    "no channel leads to https://other.example",
  ),
  redirect_refused: application(
    undefined,
    "The server redirects, and the request does not allow it: `redirect` is `'error'`, `mode` is " +
      "`'same-origin'`, the body is a stream, which cannot be sent again, or it is the 21st redirect.",
    "Request the final URL, or allow the redirect.",
    'the server redirects, and `redirect` is "error"',
  ),
  request_body: application(
    undefined,
    "The body of the request could not be read to its end: its stream failed or has a chunk that is not a " +
      "Uint8Array, or the length of its Blob has changed. The `cause` is the error of the stream.",
    "Correct the stream.",
    "the stream of the request's body failed",
  ),
  response_timeout: peer(
    undefined,
    "The server did not answer within `headerTimeout`, or sent no byte of the body for `bodyTimeout`.",
    "Send the request again if that does no harm, or raise the limit.",
    "the server sent no response within 300000 ms",
  ),
  response_too_large: peer(
    undefined,
    "The head, the number of fields, the chunk extensions with the trailer, or the number of informational " +
      "responses exceeds its limit.",
    "Correct the server. If it is right, raise `maxHead`, `maxHeaders`, `maxChunkExtensions` or `maxInformational`.",
    "the response's head, trailer or chunk header is too large",
  ),
};
