/**
 * The queue between a socket and the `TransportEvents` of a transport. It keeps the order, holds events back before
 * `start` and while the transport is paused, and never delivers a queued event from inside a method of the transport.
 * @module
 */

import type { TransportEvents } from "@handclasp/core";

type Item = Uint8Array | Error | "end";

/** The queue of one transport. It ignores everything after the first `error`. */
export class Inbox {
  #events: TransportEvents | undefined;
  #queue: Item[] = [];
  #isPaused = false;
  #isScheduled = false;
  #hasEnded = false;
  #isClosed = false;
  #isSilent = false;

  start(events: TransportEvents): void {
    this.#events = events;
    this.#schedule();
  }

  pause(): void {
    // After the socket has closed nothing more arrives, so pausing would only delay what is queued.
    this.#isPaused = !this.#isClosed;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  /** Drops what is queued, and delivers no event from now on. */
  silence(): void {
    this.#isSilent = true;
    this.#isClosed = true;
    this.#queue = [];
  }

  data(bytes: Uint8Array): void {
    if (!this.#hasEnded) this.#push(bytes);
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#push("end");
  }

  /** The socket has failed or closed: everything queued is delivered, even if the transport is paused. */
  error(error: Error): void {
    this.#push(error);
    this.#isClosed = true;
    if (this.#isPaused) this.resume();
  }

  /** Not queued: it reports room to send, so its order among the peer's events does not matter. */
  drain(): void {
    if (!this.#isSilent) this.#events?.drain();
  }

  #push(item: Item): void {
    if (this.#isClosed) return;
    // Fast path: without a queue, an idle connection keeps no array.
    if (!this.#queue.length && !this.#isScheduled && this.#events && !this.#isPaused) this.#emit(this.#events, item);
    else this.#queue.push(item);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const events = this.#events;
    if (!events || this.#isPaused) return;
    const queued = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queued.length && !this.#isSilent; i++) {
      this.#emit(events, queued[i] as Item);
      // The handler paused the transport: the rest goes back to the front of the queue.
      if (this.#isPaused && !this.#isSilent) {
        this.#queue = [...queued.slice(i + 1), ...this.#queue];
        return;
      }
    }
  }

  #emit(events: TransportEvents, item: Item): void {
    if (item instanceof Uint8Array) events.data(item);
    else if (item === "end") events.end();
    else {
      this.#isSilent = true;
      events.error(item);
    }
  }
}

/** A view of a Buffer as a plain `Uint8Array`. Node.js and ws do not use the bytes again, so they are not copied. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** After `send` returned `"full"`, `drain` follows once at most this many bytes are buffered. */
export const lowWater: number = 2 ** 18;
/** The time that a failed connection has to send its last bytes, ms. */
export const abortTimeout = 2_000;
/**
 * The time that the peer has to end TCP or close the WebSocket after all our bytes are sent, ms. Bytes that it sends do
 * not extend it.
 */
export const endTimeout = 5_000;
/** The time without progress after which a closing connection gives up sending its last bytes, ms. */
export const stallTimeout = 30_000;
/** The largest WebSocket message that we send or accept, bytes. The default of ws is 100 MiB. */
export const maxMessage: number = 2 ** 20;
/**
 * The most fragments of one WebSocket message; the default of ws is 16,384. Each fragment keeps the whole buffer that
 * it was read into. 256 fragments of 4 KiB make the largest message; the limit is higher because proxies split
 * messages.
 */
export const maxFragments = 512;
/**
 * The most bytes of an unfinished WebSocket message before the TLS handshake is done: twice a client's largest flight.
 */
export const maxUnprovenMessage: number = 2 ** 17 + 2 ** 15;
