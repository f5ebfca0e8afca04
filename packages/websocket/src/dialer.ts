/**
 * Opens channels again and again: with delays between the attempts, and sooner when the network comes back.
 * @module
 */
import { keepSessions, TlsError } from "@handclasp/core/client";

import type { OpeningSession } from "@handclasp/core/messages";
import type { Dial, Dialed } from "./link.ts";

/** The part of an opening about our side of the session. */
type SessionState = Omit<OpeningSession, "id">;
type GetState = () => SessionState;

export interface DelayOptions {
  readonly minDelay: number;
  readonly maxDelay: number;
}

export class Dialer {
  readonly #dial: Dial;
  readonly #delays: DelayOptions;
  readonly #onFailure: (error: unknown) => void;
  /** 128 random bits: anyone who knows them could continue the session. */
  readonly #id = randomId();
  /** A later channel resumes the TLS session of an earlier one. */
  readonly #tlsSessions = keepSessions();
  /** The attempts that have not opened a channel yet. */
  readonly #pending = new Set<AbortController>();
  #attempts = 0;
  #isStopped = false;
  /** Ends the delay before the next attempt. */
  #hurry: (() => void) | undefined;

  /** @param onFailure called after each attempt that failed, if another one follows */
  constructor(dial: Dial, delays: DelayOptions, onFailure: (error: unknown) => void) {
    this.#dial = dial;
    this.#delays = delays;
    this.#onFailure = onFailure;
  }

  /** Opens a channel. Attempts go on while the transport fails. Rejects with any other error. */
  async dial(getState: GetState): Promise<Dialed> {
    for (;;) {
      try {
        return await this.dialOnce(getState());
      } catch (error) {
        if (this.#isStopped || !isPassing(error)) throw error;
        this.#onFailure(error);
        await this.delay();
      }
    }
  }

  async dialOnce(state: SessionState): Promise<Dialed> {
    if (this.#isStopped) throw stoppedError();
    const attempt = new AbortController();
    this.#pending.add(attempt);
    try {
      return await this.#dial(attempt.signal, { id: this.#id, ...state }, this.#tlsSessions);
    } finally {
      this.#pending.delete(attempt);
    }
  }

  /** Waits before an attempt: at random, so that the clients of a restarted server do not come back together. */
  delay(): Promise<void> {
    const { minDelay, maxDelay } = this.#delays;
    const longest = Math.min(maxDelay, minDelay * 2 ** this.#attempts++);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#isStopped) this.#hurry();
    });
  }

  /** The delays begin anew with the shortest. */
  resetDelays(): void {
    this.#attempts = 0;
  }

  /** Ends a delay: the network is back, or the page is visible again. */
  hurry(): void {
    this.resetDelays();
    this.#hurry?.();
  }

  /** Ends all attempts. */
  stop(): void {
    this.#isStopped = true;
    for (const attempt of this.#pending) attempt.abort();
    this.#hurry?.();
  }
}

/** Whether a later attempt may succeed. A server that is not trusted, or refuses us, is not asked again. */
const isPassing = (error: unknown): boolean =>
  TlsError.is(error) &&
  error.code !== "websocket_blocked" &&
  error.code !== "outer_certificate" &&
  (error.fault === "transport" || error.code === "handshake_timeout" || error.code === "no_close");

export const stoppedError = (): TlsError =>
  new TlsError(undefined, "the socket was closed before it opened again", { code: "aborted", fault: "application" });

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
