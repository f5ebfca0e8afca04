/** Servers for libraries that take a WebSocket class: one of ours over the framing, and a plain one of `ws`. */
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type AcceptMessagesOptions, acceptMessages, type Message, messageProtocols } from "@handclasp/core/messages";
import { createServer, nodeCredential } from "@handclasp/node";
import { secureWebSocket } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import WebSocket, { WebSocketServer } from "ws";

/** A connection of either server. */
export interface Peer {
  readonly protocol: string;
  /** Sends a message, or drops it if the connection has ended, as servers of graphql-ws do. */
  send(message: Message): Promise<void>;
  close(code: number, reason: string): void;
  /** Calls back with each message, and does not wait for what the callback returns. */
  onMessage(callback: (message: Message) => unknown): void;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export interface Served {
  /** The class that a library is given. */
  readonly WebSocket: unknown;
  readonly url: string;
  /** Resets every connection, and from then on each new one, as if the server's program had been killed. */
  kill(): void;
  /** Accepts connections again, on the same port. */
  restart(): void;
  close(): Promise<void>;
}

export type Serve = (protocols: readonly string[], onPeer: (peer: Peer) => void) => Promise<Served>;

const ca = await testCa();
const credential = nodeCredential(await ca.issue());

/** A server of ours, and the class of `secureWebSocket`. */
export const serveOurs: Serve = async (protocols, onPeer) => {
  const server = createServer(
    { credentials: [credential], alpn: messageProtocols, requireAlpn: true, onError: () => {} },
    async (channel) => {
      const options: AcceptMessagesOptions = { protocols };
      const { messages } = await acceptMessages(channel, options);
      onPeer({
        protocol: messages.protocol,
        send: (message) => messages.send(message).catch(() => {}),
        close: (code, reason) => void messages.close(code, reason),
        onMessage: (callback) => {
          void (async () => {
            for await (const message of messages) void callback(message);
          })().catch(() => {});
        },
        closed: messages.closed.then(
          ({ code, reason }) => ({ code, reason }),
          () => ({ code: 1006, reason: "" }),
        ),
      });
      await messages.closed;
    },
  );
  const { port, http, ...switches } = await listen();
  await server.listenWebSocket({ server: http });
  return {
    WebSocket: secureWebSocket({ ca: ca.pem }),
    url: `ws://localhost:${port}/socket?id=1`,
    ...switches,
    close: async () => {
      await server.close({ grace: 0 });
      await switches.close();
    },
  };
};

/** A plain server, and the class of `ws`: what a library was made for. */
export const servePlain: Serve = async (protocols, onPeer) => {
  const { port, http, ...switches } = await listen();
  const server = new WebSocketServer({
    server: http,
    handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
  });
  server.on("connection", (socket) => {
    onPeer({
      protocol: socket.protocol,
      send: (message) => new Promise((resolve) => socket.send(message, () => resolve())),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (callback) =>
        socket.on("message", (data: Buffer, isBinary) => callback(isBinary ? new Uint8Array(data) : data.toString())),
      closed: new Promise((resolve) =>
        socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
      ),
    });
  });
  return { WebSocket, url: `ws://localhost:${port}/socket?id=1`, ...switches };
};

/** An HTTP server that can be as good as dead. Its port stays taken, so that no other program gets it meanwhile. */
async function listen() {
  const server = http.createServer();
  const sockets = new Set<Socket>();
  let isDown = false;
  server.on("connection", (socket) => {
    if (isDown) return void socket.resetAndDestroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const kill = (): void => {
    isDown = true;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    http: server,
    port: (server.address() as AddressInfo).port,
    kill,
    restart: () => {
      isDown = false;
    },
    close: async () => {
      kill();
      server.close();
      await once(server, "close");
    },
  };
}

/** The two servers, for `describe.each`. */
export const servers: readonly (readonly [string, Serve])[] = [
  ["secureWebSocket of ours", serveOurs],
  ["WebSocket of ws", servePlain],
];
