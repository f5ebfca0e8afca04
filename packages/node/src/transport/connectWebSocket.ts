/**
 * Opens a WebSocket as a client.
 * @module
 */

import type { Agent } from "node:http";
import type { ConnectionOptions } from "node:tls";
import type { Transport } from "@handclasp/core";
import { configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import { connectWebSocketOptions } from "../optionTables.ts";
import { maxFragments, maxMessage } from "./inbox.ts";
import { webSocketTransport } from "./webSocket.ts";

export interface ConnectWebSocketOptions {
  /** Subprotocols to offer. */
  protocols?: string | readonly string[];
  /** More headers of the opening request, e.g. `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** For a proxy, or to keep control of the sockets. */
  agent?: Agent;
  /** Certificates to trust for the *outer* TLS of a `wss:` address, in PEM. The inner TLS has its own. */
  ca?: ConnectionOptions["ca"];
  /** Until the WebSocket is open, ms. Default 8 s. */
  handshakeTimeout?: number;
}

/** A transport to `url`, which is still opening: what is sent waits, a refusal is an `error` event. */
export async function connectWebSocket(url: string | URL, options: ConnectWebSocketOptions = {}): Promise<Transport> {
  return withExplanation(async () => {
    const given = checkedWebSocket(options);
    if (!/^wss?:$/.test(URL.canParse(String(url)) ? new URL(url).protocol : ""))
      throw wrongOption("the address", url, "ws://… or wss://…");
    return (await webSocketDialer())(url, given);
  });
}

/** @param prefix of the names of options in errors */
export function checkedWebSocket(options: ConnectWebSocketOptions, prefix = ""): ConnectWebSocketOptions {
  const given = optionsOf(options, connectWebSocketOptions, prefix);
  const { headers } = given;
  // Of a list, a Map or Headers, Node.js would send nothing, or what nobody meant.
  if (headers && Symbol.iterator in headers) throw wrongOption(`${prefix}headers`, headers, "object");
  for (const source of [given.ca ?? []].flat())
    if (!(source instanceof Uint8Array || (typeof source === "string" && certificate.test(source))))
      throw wrongOption(`${prefix}ca`, source, "PEM");
  // Node.js throws for others only when it writes them.
  for (const [name, value] of Object.entries(given.headers ?? {}))
    if (typeof value !== "string") throw wrongOption(`${prefix}headers`, value, `a text for ${name}`);
  return given;
}

/**
 * How long a WebSocket may take to open, ms: less than a handshake by default, so that the error says which of them did not come about. Over TLS, ws gives each of
 * TCP and TLS that long.
 */
const openTimeout = 8_000;

/** OpenSSL, which reads it, passes over what is none. */
const certificate = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/;

/** What opens WebSockets, loaded when it is needed: to load it takes longer than a handshake over TCP does. */
export async function webSocketDialer(): Promise<(url: string | URL, options?: ConnectWebSocketOptions) => Transport> {
  const { WebSocket } = await import("ws");
  return (url, options) => open(WebSocket, url, options);
}

function open(
  WebSocket: typeof import("ws").WebSocket,
  url: string | URL,
  options: ConnectWebSocketOptions = {},
): Transport {
  const { protocols = [], headers, agent, ca, handshakeTimeout = openTimeout } = options;
  const settings = {
    maxPayload: maxMessage,
    maxFragments,
    perMessageDeflate: false,
    handshakeTimeout,
    ...(headers && { headers }),
    ...(agent && { agent }),
    ...(ca !== undefined && { ca }),
  };
  try {
    return webSocketTransport(new WebSocket(url, typeof protocols === "string" ? protocols : [...protocols], settings));
  } catch (cause) {
    // A protocol or a header that HTTP does not allow: the error names it, and not its value.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isFragment = /fragment/.test(reason);
    throw configurationError(
      `webSocket: ${reason}`,
      isFragment ? "leave out what begins with # in the address" : "give what HTTP allows in a header",
    );
  }
}
