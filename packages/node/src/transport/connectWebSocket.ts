/**
 * Opens a WebSocket as a client.
 * @module
 */

import type { Agent } from "node:http";
import type { ConnectionOptions } from "node:tls";
import type { Transport } from "@handclasp/core";
import { configurationError, optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import { connectWebSocketOptions } from "../optionTables.ts";
import { maxFragments, maxMessage } from "./eventQueue.ts";
import { type HeartbeatOptions, heartbeatOf } from "./heartbeat.ts";
import { checkKeepAlive, type KeepAliveOptions, setKeepAlive } from "./keepAlive.ts";
import { webSocketTransportWithPings } from "./webSocket.ts";

export interface ConnectWebSocketOptions extends KeepAliveOptions {
  /** Subprotocols to offer. */
  protocols?: string | readonly string[];
  /** Additional headers of the opening request, such as `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** The agent that opens the sockets, for example through a proxy. */
  agent?: Agent;
  /** The trusted CAs of the *outer* TLS of a `wss:` address, in PEM. The inner TLS has an option `ca` of its own. */
  ca?: ConnectionOptions["ca"];
  /** How long the WebSocket may take to open, in milliseconds. Default 8,000. */
  handshakeTimeout?: number;
  /**
   * Pings to the server, as a server sends them to its clients. If it does not answer, the connection ends with
   * `peer_unresponsive`. Default: none, because TCP keepalive notices a server that is gone. `{}` for the defaults of
   * `HeartbeatOptions`, if a proxy between stays while the server is gone, or cuts an idle WebSocket.
   */
  heartbeat?: HeartbeatOptions | false;
}

/**
 * Makes a transport over a new WebSocket to `url`. The promise resolves while the WebSocket is still opening: bytes
 * that you send wait until it is open, and a failure is an `error` event.
 * @throws TlsError `configuration` if the address or an option is invalid
 */
export async function connectWebSocket(url: string | URL, options: ConnectWebSocketOptions = {}): Promise<Transport> {
  return withExplanation(async () => {
    const known = checkWebSocketOptions(options);
    if (!/^wss?:$/.test(URL.canParse(String(url)) ? new URL(url).protocol : ""))
      throw wrongOption("the address", url, "ws://… or wss://…");
    return (await webSocketDialer())(url, known);
  });
}

/** @param prefix the prefix of option names in errors */
export function checkWebSocketOptions(options: ConnectWebSocketOptions, prefix = ""): ConnectWebSocketOptions {
  const known = checkKeepAlive(optionsOf(options, connectWebSocketOptions, prefix));
  heartbeatOf(known.heartbeat);
  const { headers } = known;
  // For a list, a Map or a Headers object, Node.js would send no header or a wrong one.
  if (headers && Symbol.iterator in headers) throw wrongOption(`${prefix}headers`, headers, "object");
  for (const source of [known.ca ?? []].flat())
    if (!(source instanceof Uint8Array || (typeof source === "string" && certificateLabel.test(source))))
      throw wrongOption(`${prefix}ca`, source, "PEM");
  // Node.js would convert most values that are no text and send them, such as null as "null".
  for (const [name, value] of Object.entries(known.headers ?? {}))
    if (typeof value !== "string") throw wrongOption(`${prefix}headers`, value, `a text for ${name}`);
  return known;
}

/**
 * How long a WebSocket may take to open, in milliseconds. It is shorter than the default timeout of the handshake, so
 * that the error distinguishes a WebSocket that does not open from a handshake that does not finish. ws passes the time
 * to Node.js as a limit of inactivity, which begins again when TCP has connected, so that opening may take twice as
 * long.
 */
const openTimeout = 8_000;

/** The PEM label of a certificate. OpenSSL, which reads `ca`, silently ignores text without one. */
const certificateLabel = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/;

/**
 * Loads ws, and returns a function that opens WebSockets. ws is loaded on demand, because loading it takes longer than
 * a handshake over TCP.
 */
export async function webSocketDialer(): Promise<(url: string | URL, options?: ConnectWebSocketOptions) => Transport> {
  const { WebSocket } = await import("ws");
  return (url, options) => open(WebSocket, url, options);
}

function open(
  WebSocket: typeof import("ws").WebSocket,
  url: string | URL,
  options: ConnectWebSocketOptions = {},
): Transport {
  const { protocols = [], headers, agent, ca, handshakeTimeout = openTimeout, heartbeat = false, keepAlive } = options;
  const settings = {
    autoPong: false,
    maxPayload: maxMessage,
    maxFragments,
    perMessageDeflate: false,
    handshakeTimeout,
    ...(headers && { headers }),
    ...(agent && { agent }),
    ...(ca !== undefined && { ca }),
  };
  try {
    const ws = new WebSocket(url, typeof protocols === "string" ? protocols : [...protocols], settings);
    ws.once("upgrade", ({ socket }) => setKeepAlive(socket, keepAlive));
    return webSocketTransportWithPings(ws, heartbeatOf(heartbeat));
  } catch (cause) {
    // ws or Node.js refused the URL's fragment, a subprotocol, a header or the agent. The error contains the header's
    // name and not its value.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isFragment = /fragment/.test(reason);
    throw configurationError(
      `webSocket: ${reason}`,
      isFragment
        ? "leave out the # in the address and what follows it"
        : "use only characters that HTTP allows in a header",
    );
  }
}
