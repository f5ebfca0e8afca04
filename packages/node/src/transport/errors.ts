/**
 * Converts errors of Node.js and ws to TlsErrors with a code and, mostly, advice: errors when connecting, opening a
 * WebSocket or starting to listen.
 * @module
 */

import type { TlsError, TlsErrorCode } from "@handclasp/core";
import { printable, transportError } from "@handclasp/core/unstable";

type Row = readonly [code: TlsErrorCode, advice: string];

const notFound: Row = ["host_not_found", "check the host name in the address, and the DNS of this computer"];
const unreachable: Row = ["host_unreachable", "check the address and the network of this computer"];
const connectRows: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  ECONNREFUSED: ["connection_refused", "nothing listens at this address: start the server, or check host and port"],
  ETIMEDOUT: ["connection_timeout", "nothing answers at this address: check it, and the firewalls on the way"],
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
};

const listenRows: Readonly<Record<string, Row>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
  EADDRINUSE: ["address_in_use", "stop the program that uses the port, or choose another; 0 picks a free one"],
  EACCES: ["address_not_permitted", "use port 1024 or higher, or give the process the right to open lower ones"],
  EADDRNOTAVAIL: ["address_not_available", "set `host` to an address of this computer"],
};

/** The error of a listener that could not start. */
export function listenError(error: Error): TlsError {
  return toTlsError("cannot listen", error, listenRows[codeOf(error)] ?? ["listen_failed"]);
}

/** The error of a TCP connection that could not be made. */
export function connectError(error: Error): TlsError {
  return toTlsError("no connection", error, connectRows[codeOf(error)] ?? ["connection_failed"]);
}

/** The error of a WebSocket that did not open. */
export function openError(error: Error): TlsError {
  const row = connectRows[codeOf(error)] ?? answerRow(error) ?? outerTlsRow(error) ?? hangUpRow(error);
  return toTlsError("the WebSocket never opened", error, row ?? ["websocket_not_opened"]);
}

/**
 * The row if the server did not answer, or did not answer as a WebSocket server. The patterns match error messages of
 * ws and error codes of Node.js.
 */
function answerRow(error: Error): Row | undefined {
  const [, status] = /^Unexpected server response: (\d+)/.exec(error.message) ?? [];
  if (status) return ["websocket_refused", adviceForStatus(Number(status))];
  if (error.message.startsWith("Opening handshake has timed out"))
    return [
      "websocket_timeout",
      "check that a WebSocket server runs there, or set a longer webSocket.handshakeTimeout",
    ];
  if (/^Invalid (Upgrade|Sec-WebSocket)/.test(error.message))
    return ["not_a_websocket", "the server answers, but not as a WebSocket server: check host and port"];
  if (!codeOf(error).startsWith("HPE_")) return undefined;
  // A TLS server answers plain HTTP with an alert, which is a TLS record.
  const [type, version] = (error as { readonly rawPacket?: Uint8Array }).rawPacket ?? [];
  const speaksTls = version === 3 && (type === 21 || type === 22);
  return [
    "not_a_websocket",
    speaksTls
      ? "the server speaks TLS, not HTTP: use wss: for a WebSocket over TLS, or tcp: for TLS alone"
      : "the server does not speak HTTP: check host and port",
  ];
}

function adviceForStatus(status: number): string {
  if (status < 300) return "a web server answers, but it has no WebSocket at this path: check port and path";
  if (status < 400) return "use the address that the server redirects to";
  if (status === 401 || status === 403)
    return "the server refuses this client: read its log; it may expect a header, another origin or another host name";
  if (status === 404)
    return "there is no WebSocket here: check the path (of a SecureWebSocket, the option carrier, by default /)";
  if (status === 429) return "the server has too many connections from this address: close some, or try again later";
  if (status === 503)
    return (
      "the server or its proxy has no room for this connection, or is stopping: try again later; or the proxy has no " +
      "server for this path: check it (of a SecureWebSocket, the option carrier, by default /)"
    );
  if (status < 500)
    return "the server or its proxy accepts no WebSocket here: check the path, and that the proxy forwards upgrades";
  return "the server has failed, or its proxy cannot reach it: read their logs";
}

/** The row if the outer TLS of `wss:` failed. Node.js implements the outer TLS. */
function outerTlsRow(error: Error): Row | undefined {
  const code = codeOf(error);
  if (/^(EPROTO|ERR_SSL_)/.test(code)) {
    const isPlainText = /wrong version number|packet length too long/i.test(error.message);
    return [
      "outer_tls",
      isPlainText
        ? "the server does not speak TLS: use ws:, or check the port"
        : "compare the TLS versions and suites of both sides",
    ];
  }
  if (!/CERT|ISSUER|LEAF|_CA$|PURPOSE|PATH_LENGTH|CRL|HOSTNAME/.test(code)) return undefined;
  return [
    "outer_certificate",
    "the certificate of the outer TLS is refused: check its names, or set webSocket.ca to the CA that issued it; " +
      "ca, pins and insecure apply to the inner TLS",
  ];
}

/** The row if the server closed the TCP connection without an answer. */
const hangUpRow = (error: Error): Row | undefined =>
  codeOf(error) === "ECONNRESET"
    ? [
        "websocket_not_opened",
        "the server may speak TLS (use wss:, or tcp: for TLS alone), be stopping, or have too many connections",
      ]
    : undefined;

const toTlsError = (
  what: string,
  error: Error,
  [code, advice]: readonly [code: TlsErrorCode, advice?: string],
): TlsError => transportError(code, `${what}: ${printable(messageOf(error).trim(), 600)}`, { advice, cause: error });

const codeOf = (error: Error): string => String((error as NodeJS.ErrnoException).code ?? "");

/**
 * If a host name has several addresses, Node.js reports an AggregateError with an empty message. Its `errors` have the
 * texts.
 */
const messageOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map((one) => (one as Error).message).join(", ") : error.message;
