/**
 * When the handshakes of a server begin. A ClientHello of a hundred bytes takes most of a millisecond of the process's
 * one thread, which open connections need too.
 * @module
 */
import { FairQueue } from "./fairQueue.ts";
import { handshakesInTurn, rateInterval } from "./limits.ts";
import type { Rate } from "./rate.ts";
import type { Ticket } from "./ticket.ts";

interface Waiting {
  readonly ticket: Ticket;
  readonly resolve: () => void;
}

/** Begins a few handshakes in each turn of the event loop, at most at a rate, and one client's after another's. */
export class Turns {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #waiting = new FairQueue<Waiting>();
  /** The number of handshakes that have begun in this turn of the event loop. */
  #begun = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Returns a promise if the handshake must wait. */
  begin(ticket: Ticket): Promise<void> | undefined {
    if (!this.#waiting.size && this.#hasTurn && this.#mayBegin(ticket)) {
      this.#count(ticket);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.add(ticket.client.key, { ticket, resolve });
      this.#schedule();
    });
  }

  get #hasTurn(): boolean {
    return this.#begun < handshakesInTurn;
  }

  #mayBegin({ client }: Ticket): boolean {
    const now = this.#now();
    return this.#rate.has(now) && client.rate.has(now);
  }

  #count({ client }: Ticket): void {
    const now = this.#now();
    this.#rate.take(now);
    client.rate.take(now);
    this.#begun++;
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#begun = 0;
      this.#beginNext();
    });
  }

  #beginNext(): void {
    while (this.#hasTurn) {
      const next = this.#waiting.take(({ ticket }) => ticket.state !== "handshake" || this.#mayBegin(ticket));
      if (!next) break;
      // A handshake that has ended takes no turn.
      if (next.ticket.state === "handshake") this.#count(next.ticket);
      next.resolve();
    }
    if (this.#waiting.size) this.#schedule();
  }

  /** Begins the next ones in the next turn, or when the rate allows it. */
  #schedule(): void {
    if (this.#immediate || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#beginNext();
    }, rateInterval).unref();
  }
}
