/**
 * Calls of Redis with a time limit. They are counted, and stop while Redis does not answer.
 * @module
 */
import type { SendCommand } from "./client.ts";
import type { FleetErrorReason, FleetEvent, Operation } from "./events.ts";
import { keysTimeout, pause, timeoutsBeforePause } from "./limits.ts";
import { kindOf, type ReplyOf } from "./replies.ts";

type Counts = Record<Operation, number>;
const zeros = (): Counts => ({ get: 0, set: 0, delete: 0, read: 0, rotate: 0, client: 0 });
/** The operations for which no handshake waits. */
const isForKeys = (operation: Operation): boolean => operation === "read" || operation === "rotate";

class NoAnswer extends Error {}

export class Calls {
  readonly calls: Counts = zeros();
  readonly errors: Counts = zeros();
  skipped = 0;
  readonly #send: SendCommand;
  readonly #timeout: number;
  readonly #emit: (event: FleetEvent) => void;
  #timeouts = 0;
  /** On the clock of `performance.now`. */
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(send: SendCommand, timeout: number, emit: (event: FleetEvent) => void) {
    this.#send = send;
    this.#timeout = timeout;
    this.#emit = emit;
  }

  /**
   * Resolves to the reply, or to `undefined` after an error, after a reply of the wrong kind, and without an answer in
   * time. Never rejects.
   */
  async call<T>(operation: Operation, command: readonly string[], replyOf: ReplyOf<T>): Promise<T | undefined> {
    if (this.#mustSkip(operation)) {
      this.skipped++;
      return undefined;
    }
    this.calls[operation]++;
    let raw: unknown;
    try {
      raw = await this.#withinTime(command, isForKeys(operation) ? keysTimeout : this.#timeout);
    } catch (error) {
      this.failed(operation, error instanceof NoAnswer ? "no_answer" : "failed", error);
      return undefined;
    }
    this.#timeouts = 0;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    let reply: T | undefined;
    try {
      reply = replyOf(raw);
    } catch {
      // A getter of the reply threw.
    }
    if (reply === undefined)
      this.failed(operation, "unexpected_reply", new Error(`Redis answered ${command[0]} with ${kindOf(raw)}`));
    return reply;
  }

  failed(operation: Operation, reason: FleetErrorReason, error: unknown): void {
    this.errors[operation]++;
    this.#emit({ type: "error", operation, reason, error });
  }

  /** Reading the keys is rare, so it tries always. One call for a session tries in each pause. */
  #mustSkip(operation: Operation): boolean {
    if (this.#timeouts < timeoutsBeforePause || isForKeys(operation)) return false;
    const now = performance.now();
    if (now < this.#pausedUntil) return true;
    this.#pausedUntil = now + pause;
    return false;
  }

  #withinTime(command: readonly string[], limit: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#timedOut();
        reject(new NoAnswer(`Redis did not answer within ${limit} ms`));
      }, limit);
      const settle =
        <T>(finish: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          finish(value);
        };
      // The client may throw. Its promise may settle after the time limit, which then changes nothing.
      Promise.resolve()
        .then(() => this.#send(command))
        .then(settle(resolve), settle(reject));
    });
  }

  #timedOut(): void {
    if (++this.#timeouts !== timeoutsBeforePause) return;
    this.#pausedUntil = performance.now() + pause;
    this.#emit({ type: "paused" });
  }
}
