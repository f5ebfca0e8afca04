/**
 * The server of the examples react, vue and worker: a room in which everyone hears what one guest says. The plugin
 * `room` of Vite attaches it to the server that serves the page.
 * @module
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { MessageSessions } from "@handclasp/core/message-sessions";
import { nodeCredential } from "@handclasp/node";
import { createWebSocketServer, type ServerSocket } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import type { Plugin, PreviewServer, ViteDevServer } from "vite";

/** The path of the outer WebSockets. The path that a socket asks for, such as `/room`, travels inside the channel. */
const carrierPath = "/channel";

/** A session at the server. It ends when its socket closes, not when it loses a connection. */
export interface Visit {
  readonly path: string;
  /** The code with which the socket closed. `undefined` as long as the session lives. */
  readonly code?: number;
}

/** A server that runs. */
export interface Room {
  /** The certificate of the CA that a page has to trust, in PEM. */
  readonly ca: string;
  /** All sessions so far, the oldest first. */
  readonly visits: readonly Visit[];
  /** Says a text to all guests. */
  say(text: string): void;
  /** Cuts all connections without a word, as a lost network does. The sessions stay. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Opens a room at an HTTP server. At `/room`, the server takes `{ text }` and sends `{ id, text }` to all guests. At
 * `/presence`, it sends `{ sessions }` whenever the number of guests changes. After a guest has said `/cut`, it cuts
 * all connections.
 */
export async function openRoom(http: Server): Promise<Room> {
  const ca = await testCa();
  const sessions = new MessageSessions();
  const visits: Visit[] = [];
  const guests = new Set<ServerSocket>();
  const watchers = new Set<ServerSocket>();
  let lastId = 0;
  const tell = (sockets: Iterable<ServerSocket>, message: object): void => {
    for (const socket of sockets) socket.send(JSON.stringify(message));
  };
  const cut = cutterOf(http);
  const room: Omit<Room, "close"> = {
    ca: ca.pem,
    visits,
    say: (text) => tell(guests, { id: ++lastId, text }),
    cut,
  };

  const credentials = nodeCredential(await ca.issue());
  const server = createWebSocketServer({ credentials, sessions, maxMessage: 65_536 }, (socket, { url }) => {
    const visit: { -readonly [Key in keyof Visit]: Visit[Key] } = { path: url };
    visits.push(visit);
    const group = url === "/presence" ? watchers : guests;
    group.add(socket);
    tell(group === guests ? watchers : [socket], { sessions: guests.size });
    socket.on("message", (data) => {
      const { text } = JSON.parse(String(data));
      if (text === "/cut") cut();
      else room.say(text);
    });
    socket.on("close", (code) => {
      visit.code = code;
      group.delete(socket);
      tell(watchers, { sessions: guests.size });
    });
  });
  await server.listenWebSocket({ server: http, path: carrierPath });
  return Object.assign(room, {
    async close() {
      sessions.close();
      await server.close({ grace: 0 });
    },
  });
}

/** Returns a function that destroys the TCP connections of all outer WebSockets. */
function cutterOf(http: Server): () => void {
  const carriers = new Set<Duplex>();
  http.on("upgrade", ({ url }: IncomingMessage, carrier: Duplex) => {
    if (url !== carrierPath) return; // Vite has a WebSocket of its own.
    carriers.add(carrier);
    carrier.once("close", () => carriers.delete(carrier));
  });
  return () => {
    for (const carrier of carriers) carrier.destroy();
  };
}

/**
 * A plugin of Vite that opens a room at its development server or preview server, and serves the CA's certificate at
 * `/ca.pem`. Its `api` is the room.
 */
export function room(): Plugin<Promise<Room>> {
  let ready: (room: Room | Promise<never>) => void = () => {};
  const opened = new Promise<Room>((resolve) => (ready = resolve));
  const open = async ({ httpServer, middlewares }: ViteDevServer | PreviewServer): Promise<void> => {
    const http = httpServer as Server | null;
    if (!http) throw new Error("the room needs the HTTP server of Vite: leave out middlewareMode");
    const room = await openRoom(http);
    http.once("close", () => void room.close());
    middlewares.use("/ca.pem", (_, response) => response.setHeader("content-type", "text/plain").end(room.ca));
    ready(room);
  };
  return { name: "handclasp-room", api: opened, configureServer: open, configurePreviewServer: open };
}
