/**
 * Listens for TCP connections, and makes a transport of each.
 * @module
 */

import { createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import { listenTcpOptions } from "../optionTables.ts";
import { checkedAddress, type Listener, type ListenTcpOptions, listen, listener } from "./listener.ts";
import { tcpTransport } from "./tcp.ts";

/** Listens on a TCP port, and calls `onTransport` for every connection. */
export async function listenTcp(
  options: ListenTcpOptions,
  onTransport: (transport: Transport, socket: Socket) => void,
): Promise<Listener> {
  const address = await withExplanation(() => {
    if (typeof onTransport !== "function")
      throw wrongOption("onTransport", onTransport, "a function: (transport) => …");
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
