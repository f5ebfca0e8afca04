/**
 * Accepts TLS over TCP.
 * @module
 */

import { createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { checkAddress, type Listener, type ListenTcpOptions, listen, listener } from "./listener.ts";
import { tcpTransport } from "./tcp.ts";

/** Listens, and calls `onTransport` for every connection. */
export async function listenTcp(
  options: ListenTcpOptions,
  onTransport: (transport: Transport, socket: Socket) => void,
): Promise<Listener> {
  checkAddress(options);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onTransport(tcpTransport(socket), socket);
  });
  await listen(server, options);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return listener(server, (done) => server.close(done), cut);
}
