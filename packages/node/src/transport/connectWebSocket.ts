/**
 * Opens a WebSocket as a client.
 * @module
 */

import type { Agent } from "node:http";
import type { ConnectionOptions } from "node:tls";
import type { Transport } from "@handclasp/core";
import { given } from "../given.ts";
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
  /** Until the WebSocket is open, ms. Default 10 s. */
  handshakeTimeout?: number;
}

/** A transport to `url`, which is still opening: what is sent waits, a refusal is an `error` event. */
export async function connectWebSocket(url: string | URL, options: ConnectWebSocketOptions = {}): Promise<Transport> {
  const dial = await webSocketDialer();
  return dial(url, options);
}

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
  const { protocols = [], headers, agent, ca, handshakeTimeout = 10_000 } = options;
  given(
    "webSocket.handshakeTimeout",
    handshakeTimeout,
    handshakeTimeout > 0 && handshakeTimeout < 2 ** 31,
    "milliseconds",
  );
  const ws = new WebSocket(url, typeof protocols === "string" ? protocols : [...protocols], {
    maxPayload: maxMessage,
    maxFragments,
    perMessageDeflate: false,
    handshakeTimeout,
    ...(headers && { headers }),
    ...(agent && { agent }),
    ...(ca !== undefined && { ca }),
  });
  return webSocketTransport(ws);
}
