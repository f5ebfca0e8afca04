import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocket, WebSocketServer } from "ws";
import { type Channel, type ListeningServer, noop, type TransportKind } from "./subject.ts";

/**
 * The options of every WebSocket: no compression, and a `maxPayload` above the length of the one message that node:tls
 * makes of a write of 1 MiB.
 */
const options = { perMessageDeflate: false, maxPayload: 2 ** 24 } as const;

const listenOnLoopback = (server: Server): Promise<ListeningServer> =>
  new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
      resolve({ port: (server.address() as AddressInfo).port }),
    );
  });

export function listenWebSockets(onSocket: (ws: WebSocket) => void): Promise<ListeningServer> {
  const http = createHttpServer();
  const sockets = new WebSocketServer({ server: http, ...options });
  sockets.on("connection", onSocket);
  return listenOnLoopback(http);
}

export const openWebSocket = (port: number): WebSocket => new WebSocket(`ws://127.0.0.1:${port}/`, options);

/** Listens on a transport and passes on each connection as a Node stream, for the stacks that need a stream. */
export function listenStreams(kind: TransportKind, onStream: (stream: Duplex) => void): Promise<ListeningServer> {
  if (kind === "ws") return listenWebSockets((ws) => onStream(createWebSocketStream(ws)));
  return listenOnLoopback(
    createTcpServer((socket) => {
      socket.setNoDelay(true);
      onStream(socket);
    }),
  );
}

export function openStream(kind: TransportKind, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (kind === "ws") {
      const ws = openWebSocket(port);
      const stream = createWebSocketStream(ws);
      ws.once("open", () => resolve(stream));
      ws.once("error", reject);
    } else {
      const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
      socket.once("connect", () => resolve(socket));
      socket.once("error", reject);
    }
  });
}

/** Wraps a Node stream as a channel. If `stream.write` returns false, the channel waits for "drain". */
export function streamChannel(stream: Duplex, close: Channel["close"] = () => void stream.destroy()): Channel {
  const channel: Channel = {
    write(bytes) {
      if (stream.write(bytes)) return undefined;
      return new Promise((resolve) => stream.once("drain", resolve));
    },
    onData: noop,
    close,
  };
  stream.on("data", (bytes: Uint8Array) => channel.onData(bytes.length));
  stream.on("error", noop);
  return channel;
}

const highWater = 2 ** 20;

/** Wraps a bare WebSocket as a channel. */
export function webSocketChannel(ws: WebSocket): Channel {
  const channel: Channel = {
    write(bytes) {
      if (ws.bufferedAmount < highWater) {
        ws.send(bytes);
        return undefined;
      }
      return new Promise((resolve) => ws.send(bytes, () => resolve()));
    },
    onData: noop,
    close: () => ws.terminate(),
  };
  ws.on("message", (data: Buffer) => channel.onData(data.length));
  ws.on("error", noop);
  return channel;
}
