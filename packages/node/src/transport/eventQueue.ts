/**
 * Delivers the events of a transport in order. Events wait until `start` is called. Data and the end also wait while
 * the transport is paused, unless an error follows. No event is delivered while a method of the transport runs.
 * @module
 */

import type { TransportEvents } from "@handclasp/core";
import { itemOverhead } from "@handclasp/core/unstable";

type Item = Uint8Array | Error | "end";

/** The queue of one transport. It ignores every event after the first `error`. */
export class EventQueue {
  #events: TransportEvents | undefined;
  #waiting: Item[] = [];
  /** The number of items at the start of `#waiting` that are delivered. */
  #delivered = 0;
  #waitingCost = 0;
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
    // No event follows an error, so the queue has no event to hold back.
    this.#isPaused = !this.#isClosed;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  /** The number of bytes that wait, with `itemOverhead` for each message, because an empty message takes memory too. */
  get waitingCost(): number {
    return this.#waitingCost;
  }

  /** Drops the waiting events and all later ones. */
  silence(): void {
    this.#isSilent = true;
    this.#isClosed = true;
    this.#clear();
  }

  data(bytes: Uint8Array): void {
    if (!this.#hasEnded) this.#add(bytes);
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#add("end");
  }

  /** Ends the queue. The waiting events and the error are delivered even if the transport is paused. */
  error(error: Error): void {
    this.#add(error);
    this.#isClosed = true;
    if (this.#isPaused) this.resume();
  }

  /** Delivers `drain` at once, even while the transport is paused, because the peer does not cause it. */
  drain(): void {
    if (!this.#isSilent) this.#events?.drain();
  }

  #add(item: Item): void {
    if (this.#isClosed) return;
    // Fast path: nothing waits, so the event skips the queue. This saves time, and memory on an idle connection.
    if (!this.#waiting.length && !this.#isScheduled && this.#events && !this.#isPaused) this.#emit(this.#events, item);
    else {
      this.#waiting.push(item);
      this.#waitingCost += costOf(item);
    }
  }

  #clear(): void {
    this.#waiting = [];
    this.#delivered = 0;
    this.#waitingCost = 0;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const events = this.#events;
    if (!events) return;
    while (this.#delivered < this.#waiting.length && !this.#isPaused && !this.#isSilent) {
      const item = this.#waiting[this.#delivered++] as Item;
      this.#waitingCost -= costOf(item);
      this.#emit(events, item);
    }
    if (this.#isSilent || this.#delivered === this.#waiting.length) this.#clear();
    // The receiver paused the transport. The delivered items are dropped now and then: each time would take too long.
    else if (this.#delivered > this.#waiting.length / 2) {
      this.#waiting = this.#waiting.slice(this.#delivered);
      this.#delivered = 0;
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

const costOf = (item: Item): number => itemOverhead + (item instanceof Uint8Array ? item.length : 0);

/** A Uint8Array over the memory of a Buffer. No copy is needed, because Node.js and ws do not use the memory again. */
export function asUint8Array(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** After `send` returned "full", the transport emits `drain` when at most this many bytes wait to be sent. */
export const lowWater: number = 2 ** 18;
/**
 * How long a failed WebSocket may take to close, in milliseconds. For TCP: how long the peer may accept none of our
 * last bytes, and then how long it may take to end.
 */
export const abortTimeout = 2_000;
/**
 * How long a TCP connection or WebSocket may take to end after both sides have closed and all our bytes are sent,
 * whatever the peer still sends, in milliseconds.
 */
export const endTimeout = 5_000;
/** How long a closing TCP connection waits while the peer accepts none of our bytes, in milliseconds. */
export const stallTimeout = 30_000;
/** The largest WebSocket message that is sent or accepted, in bytes (the default of ws is 100 MiB). */
export const maxMessage: number = 2 ** 20;
/**
 * The most fragments of a WebSocket message (the default of ws is 16,384). Each fragment keeps the whole block of
 * memory that it was read into. In fragments of 4 KiB, the largest message has 256. The limit is twice as high, because
 * a proxy may split fragments.
 */
export const maxFragments = 512;
/** The most bytes of an unfinished WebSocket message during the handshake: twice an honest client's largest flight. */
export const maxUnfinishedInHandshake: number = 2 ** 17 + 2 ** 15;
/**
 * The number of bytes that a peer that speaks credit may send before the application reads. It is the memory that a
 * connection can make a server hold. At least three quarters of the window are open when a page sends steadily, which
 * carries 15 MB/s over a round trip of 50 ms.
 */
export const creditWindow: number = 2 ** 20;
/** By how many bytes each credit exceeds the one before: as many messages for a page as are lost in its noise. */
export const creditStep: number = 2 ** 18;
/** The most memory for unread messages of a peer that speaks credit, while we wait for credit of the peer. */
export const maxUnreadWhileStarved: number = 2 ** 24;
/**
 * The time between two pings of a server's WebSocket, in milliseconds. Many proxies cut a connection on which nothing
 * passes for 60 s (nginx, load balancers of clouds). Half of that leaves room for a late timer.
 */
export const pingInterval = 30_000;
/**
 * How long a peer may take to answer a ping, in milliseconds. It is longer than a change of networks takes, and than
 * TCP waits until it has repeated a lost packet five times, so a peer that is still there has answered.
 */
export const pingTimeout = 30_000;
