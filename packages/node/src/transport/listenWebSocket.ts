/**
 * Accepts TLS over WebSockets: on a port of its own, or on one path of somebody's HTTP server.
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Transport } from "@handclasp/core";
import { WebSocketServer } from "ws";
import { maxMessage } from "./inbox.ts";
import { type Listener, type ListenTcpOptions, listen, listener } from "./listener.ts";
import { webSocketTransport } from "./webSocket.ts";

export interface ListenWebSocketOptions extends ListenTcpOptions {
  /** An HTTP(S) server to attach to, whose other paths are left alone. Default: one of our own, at `port` and `host`. */
  server?: Server | SecureServer;
  /** The path to serve. Default `"/"`. */
  path?: string;
  /** Says whether a request may become a WebSocket, e.g. by its `origin`. Default: all may; who is allowed in, TLS decides. */
  allow?: (request: IncomingMessage) => boolean;
}

/** Listens, and calls `onTransport` for every WebSocket. */
export async function listenWebSocket(
  options: ListenWebSocketOptions,
  onTransport: (transport: Transport, request: IncomingMessage) => void,
): Promise<Listener> {
  const { path = "/", allow } = options;
  const own = options.server === undefined;
  const server = options.server ?? createServer((request, response) => refuseRequest(request, response, path));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessage, perMessageDeflate: false });

  // Only a plain `true` lets in: a promise is truthy, and a hook that throws must not end the process.
  const allowed = (request: IncomingMessage): boolean => {
    try {
      return allow === undefined || allow(request) === true;
    } catch {
      return false;
    }
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== path) {
      if (own) refuseUpgrade(socket, 404);
    } else if (!allowed(request)) refuseUpgrade(socket, 403);
    else sockets.handleUpgrade(request, socket, head, (ws) => onTransport(webSocketTransport(ws), request));
  };
  server.on("upgrade", onUpgrade);

  if (own) await listen(server, options);

  const stop = (done: () => void): void => {
    server.removeListener("upgrade", onUpgrade);
    if (own) server.close(done);
    else sockets.close(done);
  };
  const cut = (): void => {
    for (const ws of sockets.clients) ws.terminate();
    if (own) server.closeAllConnections();
  };
  return listener(server, stop, cut);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").replace(/[?#].*$/s, "");
}

function refuseRequest(request: IncomingMessage, response: ServerResponse, path: string): void {
  const status = pathOf(request) === path ? 426 : 404;
  response.writeHead(status, { "content-type": "text/plain", ...(status === 426 && { upgrade: "websocket" }) });
  response.end(`${STATUS_CODES[status]}\n`);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  // A client that is gone by now is no error.
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
