/**
 * Detects that a paused socket has lost its connection.
 * @module
 */
import { Socket } from "node:net";

/** The time between two probes of a paused socket, in milliseconds. */
const probeInterval = 1_000;
const noBytes = new Uint8Array();

/**
 * Probes a socket until it is closed or `clearInterval` ends it. libuv does not watch a socket that is neither read nor
 * written, so Node.js does not report a reset of a paused socket. A write of 0 bytes sends nothing, and fails if the
 * socket has an error. Returns `undefined` for a stream of another kind, which is not probed.
 */
export function probe(socket: unknown): NodeJS.Timeout | undefined {
  if (!(socket instanceof Socket)) return undefined;
  const timer = setInterval(() => {
    if (!socket.writable) clearInterval(timer);
    // libuv watches a socket that has bytes to write.
    else if (socket.writableLength === 0) socket.write(noBytes);
  }, probeInterval).unref();
  return timer;
}
