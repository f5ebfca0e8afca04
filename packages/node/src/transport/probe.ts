/**
 * Whether a paused socket is still connected.
 * @module
 */
import { Socket } from "node:net";

/** How often a paused socket is asked, ms. */
const probeInterval = 1_000;
const nothing = new Uint8Array();

/**
 * The host does not watch a socket that nobody reads from or writes to, so a reset goes unnoticed while it is paused. A write of no bytes sends nothing, and
 * fails with the socket's error where it has one.
 */
export class Probe {
  #timer: NodeJS.Timeout | undefined;

  /** Asks from now on, until `stop` or until the socket is closed. Sockets that are not Node's own are not asked. */
  start(socket: unknown): void {
    if (!(socket instanceof Socket) || this.#timer) return;
    this.#timer = setInterval(() => {
      if (!socket.writable) this.stop();
      // What still waits to be written is watched by the host.
      else if (socket.writableLength === 0) socket.write(nothing);
    }, probeInterval).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
