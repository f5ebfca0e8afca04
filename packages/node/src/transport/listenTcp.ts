/**
 * Accepts TLS over TCP.
 * @module
 */

import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { tcpTransport } from "./tcp.ts";

export interface ListenTcpOptions {
  /** Default 0: any free one. */
  port?: number;
  /** Default `"127.0.0.1"`: nothing is offered to the network unless asked. */
  host?: string;
}

/** What accepts connections. */
export interface Listener {
  /** Where it listens, as the underlying server says it. */
  address(): AddressInfo | string | null;
  /** Accepts nothing more from now on. Done when all connections are gone; those that are not after `grace` ms (default 5 s) are cut. */
  close(grace?: number): Promise<void>;
}

/** Listens, and calls `onTransport` for every connection. */
export async function listenTcp(
  options: ListenTcpOptions,
  onTransport: (transport: Transport, socket: Socket) => void,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onTransport(tcpTransport(socket), socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
  let closing: Promise<void> | undefined;
  return {
    address: () => server.address(),
    close(grace = 5_000): Promise<void> {
      closing ??= new Promise((resolve) => {
        const timer = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, grace);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      return closing;
    },
  };
}
