/**
 * Two transports joined in memory, and everything a network does to bytes on the way: cut, joined, altered, late, lost.
 * @module
 */

import { type SendResult, TlsError, type Transport, type TransportEvents } from "@handclasp/core";
import { join } from "./join.ts";

/** Which way bytes go. */
export type Direction = "a->b" | "b->a";

export interface MemoryPairOptions {
  /**
   * How bytes arrive. Default: as they were sent. A number: everything of one turn joined, then cut into pieces of that size (1 is byte-wise,
   * Infinity only joins). A function gets everything of one turn joined, and says the pieces.
   */
  chunk?: number | ((bytes: Uint8Array, direction: Direction) => Uint8Array[]);
  /** Sees every `send` on the way; what it returns is delivered instead, nothing for `undefined`. */
  alter?: (bytes: Uint8Array, direction: Direction) => Uint8Array | undefined;
  /** Milliseconds that a delivery takes. Default 0: a microtask. */
  delay?: number | ((direction: Direction) => number);
  /** `send` answers "full" from this many undelivered bytes on. Default 1 MiB. */
  highWater?: number;
}

export interface MemoryPair {
  readonly a: Transport;
  readonly b: Transport;
  /** Both directions end after what was sent so far, as TCP does when a program dies: in order, but without a close_notify. */
  readonly cut: () => void;
  /** The carrier breaks for both: what has not arrived is lost. After an end it tells who is still listening that the carrier is gone both ways. */
  readonly fail: (error: Error) => void;
  /**
   * The carrier is gone both ways, behind what was sent so far: both ends hear `end`, as of a WebSocket that closed in order, and then `error`.
   * Default: an error like that of a connection that was closed.
   */
  readonly gone: (error?: Error) => void;
}

/** Two transports joined in memory. */
export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const a = new End();
  const b = new End();
  const forward = new Pipe("a->b", options, a, b);
  const backward = new Pipe("b->a", options, b, a);
  a.connect(forward, backward);
  b.connect(backward, forward);
  return {
    a,
    b,
    cut(): void {
      forward.end();
      backward.end();
    },
    fail(error: Error): void {
      forward.fail(error);
      backward.fail(error);
    },
    gone(error: Error = closed()): void {
      forward.end(error);
      backward.end(error);
    },
  };
}

const closed = (): TlsError =>
  new TlsError(undefined, "the carrier was closed", { code: "connection_lost", fault: "transport" });

/** One end: its outgoing and its incoming pipe. */
class End implements Transport {
  events: TransportEvents | undefined;
  /** No event any more, not even `drain`. */
  silent = false;
  #out!: Pipe;
  #in!: Pipe;

  connect(outgoing: Pipe, incoming: Pipe): void {
    this.#out = outgoing;
    this.#in = incoming;
  }

  start(events: TransportEvents): void {
    this.events = events;
    this.#in.schedule();
    this.#out.schedule();
  }

  send(bytes: Uint8Array): SendResult {
    return this.#out.send(bytes);
  }

  pause(): boolean {
    this.#in.paused = true;
    return true;
  }

  resume(): void {
    this.#in.paused = false;
    this.#in.schedule();
  }

  end(): void {
    this.#out.end();
  }

  abort(_reason: string): void {
    this.silent = true;
    this.#out.end();
    this.#in.discard();
  }
}

/** One direction. */
class Pipe {
  paused = false;
  readonly #direction: Direction;
  readonly #options: MemoryPairOptions;
  readonly #sender: End;
  readonly #receiver: End;
  /** Sent, not yet cut into pieces. */
  #sent: Uint8Array[] = [];
  /** What the receiver gets next. */
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #full = false;
  #scheduled = false;
  #ending = false;
  #error: Error | undefined;
  /** What follows the end. */
  #gone: Error | undefined;
  /** The receiver was told of the end, or does not want to know. */
  #over = false;

  constructor(direction: Direction, options: MemoryPairOptions, sender: End, receiver: End) {
    this.#direction = direction;
    this.#options = options;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  send(bytes: Uint8Array): SendResult {
    if (this.#ending || this.#over || this.#error) return "gone";
    const altered = this.#options.alter ? this.#options.alter(bytes, this.#direction) : bytes;
    if (altered && altered.length > 0) {
      this.#sent.push(altered);
      this.#buffered += altered.length;
      this.schedule();
    }
    if (this.#buffered >= (this.#options.highWater ?? 2 ** 20)) this.#full = true;
    return this.#full ? "full" : "ok";
  }

  end(gone?: Error): void {
    this.#ending = true;
    this.#gone ??= gone;
    if (this.#over) this.#error ??= this.#gone;
    this.schedule();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#drop();
    this.schedule();
  }

  /** The receiver is gone: what is under way, and all that follows, vanishes. */
  discard(): void {
    this.#over = true;
    this.#drop();
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { delay = 0 } = this.#options;
    const ms = typeof delay === "number" ? delay : delay(this.#direction);
    const run = (): void => {
      this.#scheduled = false;
      this.#deliver();
    };
    if (ms > 0) setTimeout(run, ms);
    else queueMicrotask(run);
  }

  #drop(): void {
    this.#sent = [];
    this.#pieces = [];
    this.#buffered = 0;
  }

  #deliver(): void {
    const { events } = this.#receiver;
    if (events && this.#error) this.#break(events, this.#error);
    if (!this.#over && events && !this.paused) {
      this.#cut();
      for (let piece = this.#next(); piece; piece = this.#next()) {
        this.#buffered -= piece.length;
        events.data(piece);
      }
      if (
        this.#ending &&
        !this.#over &&
        !this.#error &&
        !this.paused &&
        this.#pieces.length + this.#sent.length === 0
      ) {
        this.#over = true;
        events.end();
        if (this.#gone) this.#break(events, this.#gone);
      }
    }
    if (this.#full && this.#sender.events && this.#buffered < (this.#options.highWater ?? 2 ** 20)) {
      this.#full = false;
      if (!this.#sender.silent) this.#sender.events.drain();
    }
  }

  #break(events: TransportEvents, error: Error): void {
    this.#over = true;
    if (this.#receiver.silent) return;
    this.#receiver.silent = true;
    events.error(error);
  }

  /** The receiver may pause, abort or break the pair while it handles a piece. */
  #next(): Uint8Array | undefined {
    return this.paused || this.#over ? undefined : this.#pieces.shift();
  }

  #cut(): void {
    if (this.#sent.length === 0) return;
    const sent = this.#sent;
    this.#sent = [];
    const { chunk } = this.#options;
    if (chunk === undefined) this.#pieces.push(...sent);
    else if (typeof chunk === "function") {
      const pieces = chunk(join(sent), this.#direction).filter((piece) => piece.length > 0);
      this.#pieces.push(...pieces);
      // A function may lose bytes or make some up.
      this.#buffered = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    } else {
      const bytes = join(sent);
      const size = Math.max(1, chunk);
      // Copies: the receiver owns each piece.
      for (let at = 0; at < bytes.length; at += size) this.#pieces.push(bytes.slice(at, at + size));
    }
  }
}
