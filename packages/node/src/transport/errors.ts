/**
 * What the host says when a connection, a WebSocket or a listener does not come about, as errors of ours: each with a code of its own, and with what to do.
 * @module
 */

import type { TlsError, TlsErrorCode } from "@handclasp/core";
import { printable, transportError } from "@handclasp/core/unstable";

type Row = readonly [code: TlsErrorCode, advice: string];

const notFound: Row = ["host_not_found", "check the name in the address, and that this computer can look names up"];
const unreachable: Row = ["host_unreachable", "check the address, and the network of this computer"];
const connecting: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  ECONNREFUSED: ["connection_refused", "nothing listens there: start the server, or check host and port"],
  ETIMEDOUT: ["connection_timeout", "nothing answers there: check the address, and firewalls on the way"],
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
};

const listening: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  EADDRINUSE: ["address_in_use", "stop the program that has the port, or choose another: 0 is any free one"],
  EACCES: ["address_not_permitted", "choose a port from 1,024 on, or give the process the right to take a lower one"],
  EADDRNOTAVAIL: ["address_not_available", "give an address of this computer as `host`"],
};

/** Why a listener did not come about. */
export function listenError(error: Error): TlsError {
  return said("cannot listen", error, listening[codeOf(error)] ?? ["listen_failed"]);
}

/** Why a TCP connection did not come about. */
export function connectError(error: Error): TlsError {
  return said("no connection", error, connecting[codeOf(error)] ?? ["connection_failed"]);
}

/** Why a WebSocket did not come about. */
export function openError(error: Error): TlsError {
  const row = connecting[codeOf(error)] ?? answered(error) ?? outerTls(error) ?? hungUp(error);
  return said("the WebSocket never opened", error, row ?? ["websocket_not_opened"]);
}

/** What answered is no WebSocket, or nothing did; in the words of ws and of Node.js. */
function answered(error: Error): Row | undefined {
  const [, status] = /^Unexpected server response: (\d+)/.exec(error.message) ?? [];
  if (status) return ["websocket_refused", adviceFor(Number(status))];
  if (error.message.startsWith("Opening handshake has timed out"))
    return [
      "websocket_timeout",
      "is there a WebSocket server, and is it up? webSocket.handshakeTimeout gives it longer",
    ];
  if (/^Invalid (Upgrade|Sec-WebSocket)/.test(error.message))
    return ["not_a_websocket", "what answers there agrees to no WebSocket: check host and port"];
  if (!codeOf(error).startsWith("HPE_")) return undefined;
  // TLS says what it was not sent with an alert, in a record of its own.
  const [type, version] = (error as { readonly rawPacket?: Uint8Array }).rawPacket ?? [];
  const speaksTls = version === 3 && (type === 21 || type === 22);
  return [
    "not_a_websocket",
    speaksTls
      ? "what answers there speaks TLS, not HTTP: use wss: for a WebSocket over TLS, tcp: for TLS alone"
      : "what answers there speaks no HTTP: check host and port",
  ];
}

function adviceFor(status: number): string {
  if (status < 300) return "a web server answers that has no WebSocket at this path: check port and path";
  if (status < 400) return "use the address that the server redirects to";
  if (status === 401 || status === 403)
    return "the server keeps this client out: see its log; it may want a header, another origin or another host name";
  if (status === 404) return "no WebSocket is at this path: check the path in the address";
  if (status < 500)
    return "the server, or a proxy before it, takes no WebSocket here: check the path, and that the proxy passes upgrades on";
  return "the server has failed, or the proxy before it does not reach it";
}

/** The TLS of `wss:`, which is the host's. */
function outerTls(error: Error): Row | undefined {
  const code = codeOf(error);
  if (/^(EPROTO|ERR_SSL_)/.test(code)) {
    const isPlain = /wrong version number|packet length too long/i.test(error.message);
    return [
      "outer_tls",
      isPlain
        ? "no TLS answers there: use ws:, or check the port"
        : "compare the TLS versions and suites of both sides",
    ];
  }
  if (!/CERT|ISSUER|LEAF|_CA$|PURPOSE|PATH_LENGTH|CRL|HOSTNAME/.test(code)) return undefined;
  return [
    "outer_certificate",
    "the TLS around the WebSocket is not trusted: webSocket.ca names who may issue its certificate; ca, pins and insecure are for the TLS inside",
  ];
}

/** The server closed the connection in place of an answer. */
const hungUp = (error: Error): Row | undefined =>
  codeOf(error) === "ECONNRESET"
    ? ["websocket_not_opened", "it may speak TLS (use wss:, or tcp: for TLS alone), or it is about to stop"]
    : undefined;

const said = (what: string, error: Error, [code, advice]: readonly [code: TlsErrorCode, advice?: string]): TlsError =>
  transportError(code, `${what}: ${printable(messageOf(error).trim(), 600)}`, { advice, cause: error });

const codeOf = (error: Error): string => String((error as NodeJS.ErrnoException).code ?? "");

/** Where a name has several addresses, Node.js says nothing of its own. */
const messageOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map((one) => (one as Error).message).join(", ") : error.message;
