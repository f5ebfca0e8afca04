/**
 * Finds out whether the server still answers, also in a page that was frozen or whose timers are slow.
 * @module
 */
import type { MessageSession } from "@handclasp/core/message-sessions";

export interface LivenessOptions {
  readonly pingInterval: number;
  readonly pingTimeout: number;
}

/** The number of timers that one wait consists of. */
const steps = 5;

export class Liveness {
  readonly #session: MessageSession;
  readonly #options: LivenessOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bytesReceived = -1;

  constructor(session: MessageSession, options: LivenessOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Begins to watch the session's present channel. */
  watch(): void {
    this.stop();
    this.#bytesReceived = this.#session.channel.traffic.bytesReceived;
    this.#wait(this.#options.pingInterval, () => {
      // Any byte of the server is a sign of life.
      if (this.#session.channel.traffic.bytesReceived === this.#bytesReceived) this.check();
      else this.watch();
    });
  }

  /** Asks the server at once. Ends the channel if the answer does not come in time. */
  check(): void {
    this.stop();
    const { channel } = this.#session;
    this.#session.ping().then(
      () => {
        if (channel === this.#session.channel) this.watch();
      },
      // The channel is lost. The next one is watched anew.
      () => {},
    );
    this.#wait(this.#options.pingTimeout, () => channel.abort(new Error("the server does not answer")));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Waits in steps, and counts those that have passed. A frozen page has no timers, so the time in which it cannot
   * receive an answer hardly counts.
   */
  #wait(ms: number, done: () => void, left: number = steps): void {
    this.#timer = setTimeout(() => {
      if (left > 1) this.#wait(ms, done, left - 1);
      else done();
    }, ms / steps);
  }
}
