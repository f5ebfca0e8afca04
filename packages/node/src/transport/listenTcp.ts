/**
 * Accepts TLS over TCP.
 * @module
 */

import { createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { explained, optionsOf, wrong } from "@handclasp/core/unstable";
import { listenTcpOptions } from "../given.ts";
import { checkedAddress, type Listener, type ListenTcpOptions, listen, listener } from "./listener.ts";
import { tcpTransport } from "./tcp.ts";

/** Listens, and calls `onTransport` for every connection. */
export async function listenTcp(
  options: ListenTcpOptions,
  onTransport: (transport: Transport, socket: Socket) => void,
): Promise<Listener> {
  const address = await explained(() => {
    if (typeof onTransport !== "function") throw wrong("onTransport", onTransport, "a function of the transport");
    return checkedAddress(optionsOf(options, listenTcpOptions));
  });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onTransport(tcpTransport(socket), socket);
  });
  await listen(server, address);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return listener(server, (done) => server.close(done), cut);
}
