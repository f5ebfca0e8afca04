/**
 * Bounds the sockets of an HTTP server that Handclasp has made, until they ask for a WebSocket.
 * @module
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Admission } from "../admission/admission.ts";
import { requestTimeout } from "../admission/limits.ts";

/**
 * Counts each socket as a connection in its handshake, and destroys it if it does not ask for a WebSocket in time. The
 * time limits of node:http are for one request: they begin anew with its first byte, and with each request.
 */
export function boundRequests(server: Server, admission: Admission | undefined, isBehindProxy: boolean): void {
  const ends = new WeakMap<Socket, () => void>();
  server.on("connection", (socket: Socket) => {
    const ticket = admission?.admit(socket.remoteAddress, isBehindProxy);
    if (typeof ticket === "string") return void socket.destroy();
    const timer = setTimeout(() => socket.destroy(), requestTimeout).unref();
    const end = (): void => {
      clearTimeout(timer);
      if (ticket) admission?.release(ticket);
    };
    socket.once("close", end);
    ends.set(socket, end);
  });
  server.prependListener("upgrade", ({ socket }: IncomingMessage) => {
    const end = ends.get(socket);
    if (!end) return;
    ends.delete(socket);
    socket.off("close", end);
    end();
  });
}
