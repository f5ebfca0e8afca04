/**
 * Finds out whether the server still answers, also in a page that was frozen or whose timers are slow.
 * @module
 */
import { TlsError } from "@handclasp/core/client";
import type { MessageSession } from "@handclasp/core/message-sessions";

export interface LivenessOptions {
  readonly pingInterval: number;
  readonly pingTimeout: number;
}

/** A timer that is this late, in milliseconds, tells that the page was frozen or throttled, or the machine asleep. */
const lateAfter = 1_000;

export class Liveness {
  readonly #session: MessageSession;
  readonly #options: LivenessOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;

  constructor(session: MessageSession, options: LivenessOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Begins to watch the session's present channel. */
  watch(): void {
    this.stop();
    const { bytesReceived } = this.#session.channel.traffic;
    this.#timer = setTimeout(() => {
      // Any byte of the server is a sign of life.
      if (this.#session.channel.traffic.bytesReceived === bytesReceived) this.check();
      else this.watch();
    }, this.#options.pingInterval);
  }

  /** Asks the server at once. Interrupts the session if the answer does not come in time. */
  check(): void {
    const { channel, isInterrupted, isClosing, hasEnded } = this.#session;
    if (this.#isAsking || isInterrupted || isClosing || hasEnded) return;
    this.stop();
    this.#isAsking = true;
    this.#session.ping().then(
      () => this.#isAsking && channel === this.#session.channel && this.watch(),
      // The channel is lost. The next one is watched anew.
      () => {},
    );
    this.#wait(1);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isAsking = false;
  }

  /** @param extensions how often the time may begin anew because its timer was late */
  #wait(extensions: number): void {
    const { channel, unsentBytes } = this.#session;
    const { pingTimeout } = this.#options;
    const { bytesReceived, bytesSent } = channel.traffic;
    const due = Date.now() + pingTimeout;
    this.#timer = setTimeout(() => {
      const { traffic } = channel;
      if (traffic.bytesReceived > bytesReceived) return this.watch();
      // The ping waits behind long messages, and they are on their way.
      if (unsentBytes > 0 && traffic.bytesSent > bytesSent) return this.#wait(extensions);
      // The answer may wait behind this timer.
      if (extensions > 0 && Date.now() - due >= lateAfter) return this.#wait(extensions - 1);
      this.#session.interrupt(unresponsiveError(pingTimeout));
    }, pingTimeout);
  }
}

const unresponsiveError = (ms: number): TlsError =>
  new TlsError(undefined, `the server did not answer a ping within ${ms} ms`, {
    code: "interrupted",
    fault: "transport",
  });
