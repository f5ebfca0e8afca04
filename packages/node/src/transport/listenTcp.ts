/**
 * Accepts TLS over TCP.
 * @module
 */

import { createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { optionsOf, withExplanation, wrongOption } from "@handclasp/core/unstable";
import { listenTcpOptions } from "../optionTables.ts";
import { checkKeepAlive, setKeepAlive } from "./keepAlive.ts";
import { checkAddress, type Listener, type ListenTcpOptions, makeListener, startListening } from "./listener.ts";
import { tcpTransport } from "./tcp.ts";

/**
 * Listens on a TCP port, and calls `onTransport` with a transport for every connection. The promise rejects with a
 * TlsError if an option is invalid or the address is not available.
 */
export async function listenTcp(
  options: ListenTcpOptions,
  onTransport: (transport: Transport, socket: Socket) => void,
): Promise<Listener> {
  return withExplanation(() => {
    if (typeof onTransport !== "function")
      throw wrongOption("onTransport", onTransport, "a function that takes the transport");
    return listenForSockets(options, (socket) => onTransport(tcpTransport(socket), socket));
  });
}

/** As `listenTcp`, with the sockets before they become transports. */
export async function listenForSockets(
  options: ListenTcpOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const address = await withExplanation(() => checkKeepAlive(checkAddress(optionsOf(options, listenTcpOptions))));
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    setKeepAlive(socket, address.keepAlive);
    onSocket(socket);
  });
  await startListening(server, address);
  const destroySockets = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return makeListener(server, (done) => server.close(done), destroySockets);
}
