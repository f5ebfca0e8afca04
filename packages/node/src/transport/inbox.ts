/**
 * What the carrier has for us, in order: held back before `start` and while paused, and never handed over from inside a method.
 * @module
 */

import type { TransportEvents } from "@handclasp/core";

type Item = Uint8Array | Error | "end";

/** Of one transport. It takes nothing after the first `error`. */
export class Inbox {
  #events: TransportEvents | undefined;
  #held: Item[] = [];
  #paused = false;
  #scheduled = false;
  #ended = false;
  #closed = false;
  #silent = false;

  start(events: TransportEvents): void {
    this.#events = events;
    this.#schedule();
  }

  pause(): void {
    // A carrier that is gone brings no more: what it brought is not held back.
    this.#paused = !this.#closed;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** No event follows. */
  silence(): void {
    this.#silent = true;
    this.#closed = true;
    this.#held = [];
  }

  data(bytes: Uint8Array): void {
    if (!this.#ended) this.#add(bytes);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#add("end");
  }

  /** The carrier is gone: what is held is told now, paused or not. */
  error(error: Error): void {
    this.#add(error);
    this.#closed = true;
    if (this.#paused) this.resume();
  }

  /** Room to send is no news of the peer: it waits for nothing. */
  drain(): void {
    if (!this.#silent) this.#events?.drain();
  }

  #add(item: Item): void {
    if (this.#closed) return;
    // The usual case costs no queue, neither time nor, on a connection that is idle, its memory.
    if (!this.#held.length && !this.#scheduled && this.#events && !this.#paused) this.#tell(this.#events, item);
    else this.#held.push(item);
  }

  #schedule(): void {
    if (this.#scheduled || this.#held.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const events = this.#events;
    if (!events || this.#paused) return;
    const held = this.#held;
    this.#held = [];
    for (let i = 0; i < held.length && !this.#silent; i++) {
      this.#tell(events, held[i] as Item);
      // Told to pause meanwhile: the rest waits, before what has come since.
      if (this.#paused && !this.#silent) {
        this.#held = [...held.slice(i + 1), ...this.#held];
        return;
      }
    }
  }

  #tell(events: TransportEvents, item: Item): void {
    if (item instanceof Uint8Array) events.data(item);
    else if (item === "end") events.end();
    else {
      this.#silent = true;
      events.error(item);
    }
  }
}

/** A Buffer as the plain array that it is underneath. Node and ws hand over each byte once, so nothing is copied. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** After "full" there is room again below this many bytes. */
export const lowWater: number = 2 ** 18;
/** How long a failed connection may take to get rid of its last bytes, ms. */
export const abortTimeout = 2_000;
/** How long a carrier may take to end once both sides have closed and all of ours is out, whatever the peer still sends, ms. */
export const endTimeout = 5_000;
/** How long a peer may take nothing of what is still to go out to it by then, ms. */
export const stallTimeout = 30_000;
/** Neither do we send a larger WebSocket message than this, nor take one (ws would take 100 MiB). */
export const maxMessage: number = 2 ** 20;
/**
 * Fragments of a WebSocket message (ws would take 16,384): each keeps the whole piece of memory that it was read into. Of 4 KiB each, 256 of them
 * make the largest message; some more, because a proxy cuts where it likes.
 */
export const maxFragments = 512;
/** Bytes that a WebSocket may take for messages that are not whole yet, before the handshake is done: a client's largest flight is half of it. */
export const maxUnprovenMessage: number = 2 ** 17 + 2 ** 15;
