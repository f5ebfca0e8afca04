/**
 * Whether a paused socket is still connected.
 * @module
 */
import { Socket } from "node:net";

/** How often a paused socket is asked, ms. */
const probeInterval = 1_000;
const nothing = new Uint8Array();

/**
 * Asks a socket until it is closed or `clearInterval` ends it. The host does not watch a socket that nobody reads from or writes to, so a reset goes unnoticed
 * while it is paused. A write of no bytes sends nothing, and fails with the socket's error where it has one. A stream that is not Node's own socket is not asked.
 */
export function probe(socket: unknown): NodeJS.Timeout | undefined {
  if (!(socket instanceof Socket)) return undefined;
  const timer = setInterval(() => {
    if (!socket.writable) clearInterval(timer);
    // What still waits to be written is watched by the host.
    else if (socket.writableLength === 0) socket.write(nothing);
  }, probeInterval).unref();
  return timer;
}
