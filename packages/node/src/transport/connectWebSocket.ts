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
  /** The subprotocols to offer. */
  protocols?: string | readonly string[];
  /** Additional headers of the upgrade request, such as `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** The agent of the upgrade request, for a proxy or for sockets of your own. */
  agent?: Agent;
  /**
   * The trusted CA certificates of the *outer* TLS of a `wss:` address, in PEM. The inner TLS has a `ca` of its own.
   */
  ca?: ConnectionOptions["ca"];
  /** The time limit until the WebSocket is open, ms. Default 8 s. */
  handshakeTimeout?: number;
}

/**
 * A transport whose WebSocket to `url` is still opening: bytes that you send wait, and a refusal is an `error` event.
 */
export async function connectWebSocket(url: string | URL, options: ConnectWebSocketOptions = {}): Promise<Transport> {
  return withExplanation(async () => {
    const checkedOptions = checkedWebSocket(options);
    if (!/^wss?:$/.test(URL.canParse(String(url)) ? new URL(url).protocol : ""))
      throw wrongOption("the address", url, "ws://… or wss://…");
    return (await webSocketDialer())(url, checkedOptions);
  });
}

/** @param prefix the prefix of option names in errors */
export function checkedWebSocket(options: ConnectWebSocketOptions, prefix = ""): ConnectWebSocketOptions {
  const checkedOptions = optionsOf(options, connectWebSocketOptions, prefix);
  const { headers } = checkedOptions;
  // From an array, a Map or Headers, Node.js would send no header or a wrong one.
  if (headers && Symbol.iterator in headers) throw wrongOption(`${prefix}headers`, headers, "object");
  for (const source of [checkedOptions.ca ?? []].flat())
    if (!(source instanceof Uint8Array || (typeof source === "string" && pemCertificate.test(source))))
      throw wrongOption(`${prefix}ca`, source, "PEM");
  // Node.js checks the type of a value only when it writes the header.
  for (const [name, value] of Object.entries(checkedOptions.headers ?? {}))
    if (typeof value !== "string") throw wrongOption(`${prefix}headers`, value, `a text for ${name}`);
  return checkedOptions;
}

/**
 * The default time limit for opening a WebSocket, ms. It is shorter than that of the TLS handshake, so that the error
 * says which of the two failed. For wss:, ws applies it to TCP and to the outer TLS separately.
 */
const openTimeout = 8_000;

/** A PEM certificate. Checked here, because OpenSSL silently ignores text without one. */
const pemCertificate = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/;

/** Loads ws, and returns a function that opens a WebSocket. Loading ws takes longer than a handshake over TCP. */
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
    // The error of ws or Node.js names the subprotocol or the header, but not the value of a header.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isFragment = /fragment/.test(reason);
    throw configurationError(
      `webSocket: ${reason}`,
      isFragment ? "remove the fragment (#…) from the address" : "use characters that HTTP allows in a header",
    );
  }
}
