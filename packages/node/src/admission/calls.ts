/**
 * The calls of the application that the handshakes of a server make: signers, stores and hooks.
 * @module
 */
import { FairQueue } from "./fairQueue.ts";
import { callPatience } from "./limits.ts";
import type { Ticket } from "./ticket.ts";

type Hook = () => PromiseLike<void> | void;

interface Waiting {
  readonly ticket: Ticket;
  /** Calls the hook, or not if the handshake has ended. */
  readonly begin: () => void;
}

/**
 * Limits how many calls are pending. Those that return no promise are never pending. A call that has not returned after
 * `callPatience` counts no longer: a service that was stuck, and has lost its calls, is asked again.
 */
export class Calls {
  readonly #most: number;
  readonly #now: () => number;
  readonly #waiting = new FairQueue<Waiting>();
  /** The oldest is first. */
  readonly #pending = new Set<{ readonly began: number }>();

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  get waiting(): number {
    return this.#waiting.size;
  }
  get pending(): number {
    return this.#pending.size;
  }

  call(ticket: Ticket, hook: Hook): PromiseLike<void> | void {
    if (!this.#hasRoom) this.#giveUp();
    if (this.#hasRoom) return this.#begin(hook);
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

  /** The handshake has ended: its call is not made, and takes no memory. */
  forget(ticket: Ticket): void {
    if (!this.#waiting.size) return;
    for (const { begin } of this.#waiting.remove(ticket.client.key, (item) => item.ticket === ticket)) begin();
  }

  #begin(hook: Hook): PromiseLike<void> | void {
    const pending = hook();
    if (typeof (pending as PromiseLike<void> | undefined)?.then !== "function") return pending;
    const call = { began: this.#now() };
    this.#pending.add(call);
    const end = (): void => {
      if (this.#pending.delete(call)) this.#beginNext();
    };
    // The promise may be the application's, so its `then` is called once, and may settle at once.
    const settled = Promise.resolve(pending);
    settled.then(end, end);
    return settled;
  }

  get #hasRoom(): boolean {
    return this.#pending.size < this.#most;
  }

  /** Without a timer for each call: only a call that finds no room asks. */
  #giveUp(): void {
    for (const call of this.#pending) {
      if (this.#now() - call.began < callPatience) break;
      this.#pending.delete(call);
    }
    this.#beginNext();
  }

  #beginNext(): void {
    while (this.#hasRoom) {
      const next = this.#waiting.take();
      if (!next) return;
      next.begin();
    }
  }
}
