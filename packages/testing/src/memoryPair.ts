/**
 * Two transports that are joined in memory, with the faults of a network: bytes arrive cut, joined, altered or late, or
 * do not arrive.
 * @module
 */

import { type SendResult, TlsError, type Transport, type TransportEvents } from "@handclasp/core";
import { join } from "./join.ts";

/** The direction in which bytes travel. */
export type Direction = "a->b" | "b->a";

export interface MemoryPairOptions {
  /**
   * The pieces in which bytes arrive. Default: as they were sent. With a number, the pair joins all waiting bytes, then
   * cuts them into pieces of that many bytes (1 delivers single bytes, Infinity only joins). A function gets all
   * waiting bytes, joined, and returns the pieces.
   */
  chunk?: number | ((bytes: Uint8Array, direction: Direction) => Uint8Array[]);
  /**
   * Called with the bytes of every `send`. The pair delivers the returned bytes instead, or nothing if the result is
   * `undefined`.
   */
  alter?: (bytes: Uint8Array, direction: Direction) => Uint8Array | undefined;
  /** The time that a delivery takes, in milliseconds. Default 0: a microtask. */
  delay?: number | ((direction: Direction) => number);
  /** `send` returns `"full"` if at least this many bytes are undelivered. Default 1 MiB. */
  highWater?: number;
}

export interface MemoryPair {
  readonly a: Transport;
  readonly b: Transport;
  /**
   * Ends both directions after the bytes sent so far, as TCP does when a program dies: with FIN, but without
   * close_notify.
   */
  readonly cut: () => void;
  /**
   * Breaks both transports: each side gets `error`, also if it got `end` before. Bytes that have not arrived are lost.
   */
  readonly fail: (error: Error) => void;
  /**
   * Closes both directions after the bytes sent so far: both sides get `end` and then `error`, as from a WebSocket that
   * closed cleanly. The default error is a TlsError with the code `"connection_lost"`.
   */
  readonly gone: (error?: Error) => void;
}

/** Makes two transports that are joined in memory. */
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
  new TlsError(undefined, "the transport was closed", { code: "connection_lost", fault: "transport" });

/** One side of the pair, with its outgoing and its incoming pipe. */
class End implements Transport {
  events: TransportEvents | undefined;
  /** Whether this side gets no more events, not even `drain`. */
  isSilent = false;
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
    this.#in.isPaused = true;
    return true;
  }

  resume(): void {
    this.#in.isPaused = false;
    this.#in.schedule();
  }

  get sendProgress(): number | undefined {
    return this.#out.isEmpty ? undefined : this.#out.taken;
  }

  fail(error: TlsError): void {
    this.#in.fail(error);
    this.#out.end();
  }

  end(): void {
    this.#out.end();
  }

  abort(_reason: string): void {
    this.isSilent = true;
    this.#out.end();
    this.#in.discard();
  }
}

/** One direction of the pair. */
class Pipe {
  isPaused = false;
  readonly #direction: Direction;
  readonly #options: MemoryPairOptions;
  readonly #sender: End;
  readonly #receiver: End;
  /** The bytes of each `send` that are not yet cut into pieces. */
  #sent: Uint8Array[] = [];
  /** The pieces that the receiver gets next. */
  #pieces: Uint8Array[] = [];
  /** The number of bytes in `#sent` and `#pieces`. */
  #buffered = 0;
  /** The number of bytes that the receiver got. */
  taken = 0;
  #isFull = false;
  #isScheduled = false;
  #isEnding = false;
  #error: Error | undefined;
  /** The error that follows the end. */
  #errorAfterEnd: Error | undefined;
  /** Whether the receiver got its end or error, or has aborted. */
  #hasEnded = false;

  constructor(direction: Direction, options: MemoryPairOptions, sender: End, receiver: End) {
    this.#direction = direction;
    this.#options = options;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  get isEmpty(): boolean {
    return this.#buffered === 0;
  }

  send(bytes: Uint8Array): SendResult {
    if (this.#isEnding || this.#hasEnded || this.#error) return "gone";
    const altered = this.#options.alter ? this.#options.alter(bytes, this.#direction) : bytes;
    if (altered && altered.length > 0) {
      this.#sent.push(altered);
      this.#buffered += altered.length;
      this.schedule();
    }
    if (this.#buffered >= (this.#options.highWater ?? 2 ** 20)) this.#isFull = true;
    return this.#isFull ? "full" : "ok";
  }

  end(errorAfterEnd?: Error): void {
    this.#isEnding = true;
    this.#errorAfterEnd ??= errorAfterEnd;
    if (this.#hasEnded) this.#error ??= this.#errorAfterEnd;
    this.schedule();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#drop();
    this.schedule();
  }

  /** Drops the waiting bytes and all later ones, because the receiver has aborted. */
  discard(): void {
    this.#hasEnded = true;
    this.#drop();
    this.schedule();
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { delay = 0 } = this.#options;
    const ms = typeof delay === "number" ? delay : delay(this.#direction);
    const deliver = (): void => {
      this.#isScheduled = false;
      this.#deliver();
    };
    if (ms > 0) setTimeout(deliver, ms);
    else queueMicrotask(deliver);
  }

  #drop(): void {
    this.#sent = [];
    this.#pieces = [];
    this.#buffered = 0;
  }

  #deliver(): void {
    const { events } = this.#receiver;
    if (events && this.#error) this.#report(events, this.#error);
    if (!this.#hasEnded && events && !this.isPaused) {
      this.#cutIntoPieces();
      for (let piece = this.#next(); piece; piece = this.#next()) {
        this.#buffered -= piece.length;
        this.taken += piece.length;
        events.data(piece);
      }
      if (
        this.#isEnding &&
        !this.#hasEnded &&
        !this.#error &&
        !this.isPaused &&
        this.#pieces.length + this.#sent.length === 0
      ) {
        this.#hasEnded = true;
        events.end();
        if (this.#errorAfterEnd) this.#report(events, this.#errorAfterEnd);
      }
    }
    if (this.#isFull && this.#sender.events && this.#buffered < (this.#options.highWater ?? 2 ** 20)) {
      this.#isFull = false;
      if (!this.#sender.isSilent) this.#sender.events.drain();
    }
  }

  #report(events: TransportEvents, error: Error): void {
    this.#hasEnded = true;
    if (this.#receiver.isSilent) return;
    this.#receiver.isSilent = true;
    events.error(error);
  }

  /**
   * Takes the next piece. Returns `undefined` if no piece waits, or if the receiver paused, aborted or broke the pair
   * while it handled the last one.
   */
  #next(): Uint8Array | undefined {
    return this.isPaused || this.#hasEnded ? undefined : this.#pieces.shift();
  }

  #cutIntoPieces(): void {
    if (this.#sent.length === 0) return;
    const sent = this.#sent;
    this.#sent = [];
    const { chunk } = this.#options;
    if (chunk === undefined) this.#pieces.push(...sent);
    else if (typeof chunk === "function") {
      const pieces = chunk(join(sent), this.#direction).filter((piece) => piece.length > 0);
      this.#pieces.push(...pieces);
      // The function may drop or add bytes, so the pair counts the bytes again.
      this.#buffered = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    } else {
      const bytes = join(sent);
      const size = Math.max(1, chunk);
      // Each piece is a copy, because the receiver owns it.
      for (let at = 0; at < bytes.length; at += size) this.#pieces.push(bytes.slice(at, at + size));
    }
  }
}
