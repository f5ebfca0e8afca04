/**
 * The sockets that a server has refused, until their clients have read the answer.
 * @module
 */
import type { Duplex } from "node:stream";
import { clientKeyOf } from "@handclasp/core/unstable/engine";
import { maxRefused, maxRefusedOfClient, refusalTimeout } from "./limits.ts";

export class RefusedSockets {
  readonly #sockets = new Set<Duplex>();
  /** The number of sockets of each client. */
  readonly #clients = new Map<string, number>();

  /**
   * Sends the answer, and reads and drops what the client sends until it closes the socket: a close with unread bytes
   * would send a RST, and a RST makes the client drop the answer. If many refused sockets are open already, this one
   * gets no answer.
   * @param address of the client. `undefined` if it is unknown: then only the limit of the server applies
   */
  refuse(socket: Duplex, answer: string, address: string | undefined): void {
    // The client may have closed the connection already, which is not an error.
    socket.on("error", () => socket.destroy());
    const client = address === undefined ? undefined : clientKeyOf(address);
    if (!this.#hasRoom(client)) return void socket.destroy();
    this.#add(socket, client, 1);
    const timer = setTimeout(() => socket.destroy(), refusalTimeout).unref();
    socket.once("close", () => {
      clearTimeout(timer);
      this.#add(socket, client, -1);
    });
    socket.end(answer);
    socket.resume();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #hasRoom(client: string | undefined): boolean {
    if (this.#sockets.size >= maxRefused) return false;
    return client === undefined || (this.#clients.get(client) ?? 0) < maxRefusedOfClient;
  }

  #add(socket: Duplex, client: string | undefined, change: 1 | -1): void {
    if (change > 0) this.#sockets.add(socket);
    else this.#sockets.delete(socket);
    if (client === undefined) return;
    const count = (this.#clients.get(client) ?? 0) + change;
    if (count) this.#clients.set(client, count);
    else this.#clients.delete(client);
  }
}
