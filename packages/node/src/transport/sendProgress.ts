/**
 * How far a socket's peer has taken our bytes. Node.js does not document the properties that say it.
 * @module
 */
import type { Duplex } from "node:stream";

interface Internals {
  /** The number of bytes that Node.js has given to libuv. */
  readonly _bytesDispatched?: number;
  readonly _handle?: { readonly writeQueueSize?: number } | null;
}

/**
 * The number of bytes in libuv's current batch of writes that the kernel has not taken. `writableLength` counts the
 * whole batch until the kernel has taken its last byte, which takes minutes if the peer is slow. Node.js keeps this
 * number on the handle, for its own timeouts.
 */
export const writeQueueSize = (socket: Duplex): number => (socket as Internals)._handle?.writeQueueSize ?? 0;

/** The number of bytes that the kernel has taken. If its buffer is full, it takes more only when the peer has some. */
export const takenBytes = (socket: Duplex): number =>
  ((socket as Internals)._bytesDispatched ?? 0) - writeQueueSize(socket);
