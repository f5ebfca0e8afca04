/**
 * Notices that a paused socket has lost its connection.
 * @module
 */
import { Socket } from "node:net";

/** The interval between two probes of a paused socket, ms. */
const probeInterval = 1_000;
const noBytes = new Uint8Array();

/**
 * Probes a socket until it closes, or until `clearInterval` of the returned timer. Node.js does not watch a socket that
 * it neither reads nor writes, so a reset goes unnoticed while the socket is paused. A write of no bytes sends nothing,
 * and fails if the socket has an error. Only sockets of `node:net` are probed.
 */
export function probe(socket: unknown): NodeJS.Timeout | undefined {
  if (!(socket instanceof Socket)) return undefined;
  const timer = setInterval(() => {
    if (!socket.writable) clearInterval(timer);
    // Node.js watches a socket with pending writes by itself.
    else if (socket.writableLength === 0) socket.write(noBytes);
  }, probeInterval).unref();
  return timer;
}
