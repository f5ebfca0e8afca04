/**
 * The connections to one origin: a limited number, each with one request at a time.
 * @module
 */
import type { TlsConnection } from "@handclasp/core/client";
import { usageError } from "@handclasp/core/unstable";

import { HttpConnection } from "./connection.ts";
import { failed, requestError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { markHandled } from "./markHandled.ts";

/** The way to an origin. */
export interface Destination {
  /** Opens a channel. The signal ends the attempt, and does nothing to an open channel. */
  open(signal: AbortSignal | undefined): Promise<TlsConnection>;
  /** True if `open` always returns the same channel, which belongs to the caller. */
  readonly isSingle: boolean;
}

export class Pool {
  readonly #destination: Destination;
  readonly #max: number;
  readonly #limits: Limits;
  readonly #onEmpty: () => void;
  /** Unused connections, the longest unused first. */
  readonly #idle: HttpConnection[] = [];
  /** The requests that wait for a connection, in order. */
  readonly #waiting = new Set<() => void>();
  /** The number of requests that have a connection or open one. */
  #active = 0;
  #isClosed = false;
  #isGone = false;

  /** @param onEmpty called when the last connection has gone */
  constructor(destination: Destination, limits: Limits, onEmpty: () => void) {
    this.#destination = destination;
    this.#max = destination.isSingle ? 1 : limits.maxConnections;
    this.#limits = limits;
    this.#onEmpty = onEmpty;
  }

  /** True once the last connection has gone. The next request needs another pool. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Takes a connection for one request: an unused one, or a new one if `isFresh` or if none is unused.
   * @throws TypeError, or the reason of the aborted signal
   */
  async take(signal: AbortSignal | undefined, isFresh: boolean): Promise<HttpConnection> {
    if (this.#active < this.#max) this.#active++;
    else if (!(await this.#wait(signal))) signal?.throwIfAborted();
    try {
      signal?.throwIfAborted();
      if (this.#isClosed) throw failed(usageError("this fetch is closed"));
      const unused = isFresh ? undefined : this.#idle.pop();
      unused?.unpark();
      if (unused) return unused;
      while (this.#idle.length > 0 && this.#idle.length + this.#active > this.#max) this.#idle[0]?.drop();
      return new HttpConnection(await this.#open(signal));
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  /** Takes a connection back. */
  give(connection: HttpConnection, isReusable: boolean): void {
    if (isReusable && !this.#isClosed) {
      this.#idle.push(connection);
      connection.park(this.#destination.isSingle ? undefined : this.#limits.idleTimeout, () => {
        this.#idle.splice(this.#idle.indexOf(connection), 1);
        this.#reportEmpty();
      });
    } else void markHandled(connection.channel.close());
    this.#free();
  }

  /** Closes the unused connections, and the others when their responses end. Later requests fail. */
  close(): void {
    this.#isClosed = true;
    while (this.#idle.length) this.#idle[0]?.drop();
    for (const wake of this.#waiting) {
      this.#active++;
      wake();
    }
    this.#reportEmpty();
  }

  async #open(signal: AbortSignal | undefined): Promise<TlsConnection> {
    try {
      return await this.#destination.open(signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw failed(error);
    }
  }

  /** Waits until another request passes its place on. Resolves with false if the signal aborts before. */
  #wait(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(wake);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const wake = (): void => {
        leave();
        resolve(true);
      };
      const onAbort = (): void => {
        leave();
        resolve(false);
      };
      const ms = this.#limits.headerTimeout;
      const timer = setTimeout(() => {
        leave();
        const message = `no connection became free within ${ms} ms`;
        reject(failed(requestError("no_free_connection", message, "read or cancel the body of each response")));
      }, ms);
      this.#waiting.add(wake);
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) onAbort();
    });
  }

  /** Passes a place on to the next request that waits. */
  #free(): void {
    const [wake] = this.#waiting;
    if (wake && !this.#isClosed) return wake();
    this.#active--;
    this.#reportEmpty();
  }

  #reportEmpty(): void {
    if (this.#isGone || this.#active > 0 || this.#idle.length > 0) return;
    this.#isGone = true;
    this.#onEmpty();
  }
}
