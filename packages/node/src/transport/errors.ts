/**
 * The errors of Node.js and ws for a connection, a WebSocket or a listener that fails to open, as TlsErrors with a code
 * and advice.
 * @module
 */

import type { TlsError, TlsErrorCode } from "@handclasp/core";
import { printable, transportError } from "@handclasp/core/unstable";

type Row = readonly [code: TlsErrorCode, advice: string];

const notFound: Row = ["host_not_found", "check the name in the address, and the DNS of this computer"];
const unreachable: Row = ["host_unreachable", "check the address and the network of this computer"];
const connecting: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  ECONNREFUSED: ["connection_refused", "no server listens there: start it, or check host and port"],
  ETIMEDOUT: ["connection_timeout", "no answer came: check the address, and firewalls on the way"],
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
};

const listening: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  EADDRINUSE: ["address_in_use", "stop the program that uses the port, or use another: 0 is any free port"],
  EACCES: ["address_not_permitted", "use a port from 1,024 on, or give the process the right to use a lower one"],
  EADDRNOTAVAIL: ["address_not_available", "pass an address of this computer as `host`"],
};

/** The error of a listener that cannot listen. */
export function listenError(error: Error): TlsError {
  return openingError("cannot listen", error, listening[codeOf(error)] ?? ["listen_failed"]);
}

/** The error of a TCP connection that fails to open. */
export function connectError(error: Error): TlsError {
  return openingError("no connection", error, connecting[codeOf(error)] ?? ["connection_failed"]);
}

/** The error of a WebSocket that fails to open. */
export function openError(error: Error): TlsError {
  const row = connecting[codeOf(error)] ?? refusedUpgrade(error) ?? outerTls(error) ?? droppedConnection(error);
  return openingError("the WebSocket never opened", error, row ?? ["websocket_not_opened"]);
}

/** An answer that opens no WebSocket, or no answer: recognised by the messages of ws and the codes of Node.js. */
function refusedUpgrade(error: Error): Row | undefined {
  const [, status] = /^Unexpected server response: (\d+)/.exec(error.message) ?? [];
  if (status) return ["websocket_refused", adviceFor(Number(status))];
  if (error.message.startsWith("Opening handshake has timed out"))
    return [
      "websocket_timeout",
      "check that a WebSocket server runs there; to wait longer, pass webSocket.handshakeTimeout",
    ];
  if (/^Invalid (Upgrade|Sec-WebSocket)/.test(error.message))
    return ["not_a_websocket", "the answer does not agree to a WebSocket: check host and port"];
  if (!codeOf(error).startsWith("HPE_")) return undefined;
  // A TLS server answers an HTTP request with a TLS record: an alert (21), or a handshake message (22).
  const [type, version] = (error as { readonly rawPacket?: Uint8Array }).rawPacket ?? [];
  const speaksTls = version === 3 && (type === 21 || type === 22);
  return [
    "not_a_websocket",
    speaksTls
      ? "the server speaks TLS, not HTTP: use wss: for a WebSocket over TLS, tcp: for TLS alone"
      : "the answer is not HTTP: check host and port",
  ];
}

function adviceFor(status: number): string {
  if (status < 300) return "the web server has no WebSocket at this path: check port and path";
  if (status < 400) return "use the address that the server redirects to";
  if (status === 401 || status === 403)
    return "the server refuses this client: see its log; it may require a header, another origin or another host name";
  if (status === 404) return "there is no WebSocket at this path: check the path in the address";
  if (status < 500)
    return "the server or its proxy accepts no WebSocket here: check the path, and that the proxy forwards upgrades";
  return "the server failed, or its proxy does not reach it: see their logs";
}

/** Errors of the outer TLS of `wss:`, which is that of Node.js. */
function outerTls(error: Error): Row | undefined {
  const code = codeOf(error);
  if (/^(EPROTO|ERR_SSL_)/.test(code)) {
    const isPlain = /wrong version number|packet length too long/i.test(error.message);
    return [
      "outer_tls",
      isPlain
        ? "the server does not speak TLS: use ws:, or check the port"
        : "compare the TLS versions and cipher suites of both sides",
    ];
  }
  if (!/CERT|ISSUER|LEAF|_CA$|PURPOSE|PATH_LENGTH|CRL|HOSTNAME/.test(code)) return undefined;
  return [
    "outer_certificate",
    "the certificate of the outer TLS is not trusted: pass its CA as webSocket.ca; " +
      "ca, pins and insecure are for the inner TLS",
  ];
}

/** The server closed the connection without an answer. */
const droppedConnection = (error: Error): Row | undefined =>
  codeOf(error) === "ECONNRESET"
    ? ["websocket_not_opened", "the server may speak TLS (use wss:, or tcp: for TLS alone), or may be stopping"]
    : undefined;

const openingError = (
  what: string,
  error: Error,
  [code, advice]: readonly [code: TlsErrorCode, advice?: string],
): TlsError => transportError(code, `${what}: ${printable(messageOf(error).trim(), 600)}`, { advice, cause: error });

const codeOf = (error: Error): string => String((error as NodeJS.ErrnoException).code ?? "");

/** If a name has several addresses, Node.js throws an AggregateError with an empty message. */
const messageOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(({ message }) => message as string).join(", ") : error.message;
