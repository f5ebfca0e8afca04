/**
 * The calls of the application that the handshakes of a server make: signers, stores and hooks.
 * @module
 */
import { FairQueue } from "./fairQueue.ts";
import type { Ticket } from "./ticket.ts";

type Hook = () => PromiseLike<void> | void;

interface Waiting {
  readonly ticket: Ticket;
  /** Calls the hook, or not if the handshake has ended. */
  readonly begin: () => void;
}

/** Limits how many calls are pending. Those that return no promise are never pending. */
export class Calls {
  readonly #most: number;
  readonly #waiting = new FairQueue<Waiting>();
  #pending = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get waiting(): number {
    return this.#waiting.size;
  }
  get pending(): number {
    return this.#pending;
  }

  call(ticket: Ticket, hook: Hook): PromiseLike<void> | void {
    if (this.#pending < this.#most) return this.#begin(hook);
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        try {
          resolve(ticket.state === "handshake" ? this.#begin(hook) : undefined);
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.add(ticket.client.key, { ticket, begin });
    });
  }

  #begin(hook: Hook): PromiseLike<void> | void {
    const pending = hook();
    if (typeof (pending as PromiseLike<void> | undefined)?.then !== "function") return pending;
    this.#pending++;
    const end = (): void => {
      this.#pending--;
      this.#beginNext();
    };
    // The promise may be the application's, so its `then` is called once, and may settle at once.
    const settled = Promise.resolve(pending);
    settled.then(end, end);
    return settled;
  }

  #beginNext(): void {
    while (this.#pending < this.#most) {
      const next = this.#waiting.take();
      if (!next) return;
      next.begin();
    }
  }
}
