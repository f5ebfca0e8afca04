/**
 * What the carrier has for us, in order: held back before `start` and while paused, and never handed over from inside a method.
 * @module
 */

import { TlsError, type TransportEvents } from "@handclasp/core";

/** Of one transport. It takes nothing after the first `end` or `error`. */
export class Inbox {
  #events: TransportEvents | undefined;
  #held: (Uint8Array | Error | "end")[] = [];
  #paused = false;
  #scheduled = false;
  #closed = false;
  #silent = false;

  start(events: TransportEvents): void {
    this.#events = events;
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
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
    this.#add(bytes);
  }

  end(): void {
    this.#add("end");
    this.#closed = true;
  }

  error(error: Error): void {
    this.#add(error);
    this.#closed = true;
  }

  /** Room to send is no news of the peer: it waits for nothing. */
  drain(): void {
    if (!this.#silent) this.#events?.drain();
  }

  #add(item: Uint8Array | Error | "end"): void {
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
    while (events && !this.#paused && !this.#silent) {
      const item = this.#held.shift();
      if (item === undefined) return;
      this.#tell(events, item);
    }
  }

  #tell(events: TransportEvents, item: Uint8Array | Error | "end"): void {
    if (item instanceof Uint8Array) events.data(item);
    else if (item === "end") events.end();
    else {
      this.#silent = true;
      events.error(item);
    }
  }
}

/** The carrier's failure as Handclasp's. */
export function transportError(code: string, message: string, cause?: unknown): TlsError {
  return new TlsError(undefined, message, { code, fault: "transport", ...(cause !== undefined && { cause }) });
}

/** A Buffer as the plain array that it is underneath. Node and ws hand over each byte once, so nothing is copied. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `send` returns false from this many bytes on. */
export const highWater: number = 2 ** 20;
/** And there is room again below this many. */
export const lowWater: number = 2 ** 18;
/** How long a failed connection may take to get rid of its last bytes, ms. */
export const abortTimeout = 2_000;
/** How long a peer may be silent after our end, ms. */
export const endTimeout = 30_000;
/** Neither do we send a larger WebSocket message than this, nor take one (ws would take 100 MiB). */
export const maxMessage: number = 2 ** 20;
