/**
 * Bounds the sockets of an HTTP server that Handclasp has made, until they ask for a WebSocket.
 * @module
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Admission, Refusal } from "../admission/admission.ts";
import { requestTimeout } from "../admission/limits.ts";

/**
 * Counts each socket as a connection in its handshake, and destroys it if it does not ask for a WebSocket in time. The
 * time limits of node:http are for one request: they begin anew with its first byte, and with each request.
 * @param refuse gets a socket that is beyond a limit. node:http does not know of it, so nothing waits for its request
 */
export function boundRequests(
  server: Server,
  admission: Admission | undefined,
  isBehindProxy: boolean,
  refuse: (socket: Socket, refusal: Refusal) => void,
): void {
  const ends = new WeakMap<Socket, () => void>();
  // The listener of node:http itself, which makes a parser.
  const serve = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const ticket = admission?.admit(socket.remoteAddress, isBehindProxy);
    if (typeof ticket === "string") return refuse(socket, ticket);
    const timer = setTimeout(() => socket.destroy(), requestTimeout).unref();
    const end = (): void => {
      clearTimeout(timer);
      if (ticket) admission?.release(ticket);
    };
    socket.once("close", end);
    ends.set(socket, end);
    for (const listener of serve) listener.call(server, socket);
  });
  server.prependListener("upgrade", ({ socket }: IncomingMessage) => {
    const end = ends.get(socket);
    if (!end) return;
    ends.delete(socket);
    socket.off("close", end);
    end();
  });
}
