/**
 * A channel that carries requests, one after the other.
 * @module
 */
import type { Bytes, TlsConnection } from "@handclasp/core/client";

import { markHandled } from "./markHandled.ts";

export class HttpConnection {
  readonly channel: TlsConnection;
  /** True once a request was sent before. The server may have closed the connection meanwhile. */
  isReused = false;
  /** The read that watches an unused connection. It becomes the first read of the next request. */
  #watch: Promise<Bytes | undefined> | undefined;
  #onEnd: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(channel: TlsConnection) {
    this.channel = channel;
  }

  read(): Promise<Bytes | undefined> {
    const watch = this.#watch;
    this.#watch = undefined;
    return watch ?? this.channel.read();
  }

  /**
   * Keeps the connection for another request. It ends after `ms`, and as soon as anything arrives from the server: an
   * end, or bytes, which would otherwise be the answer to a request that is not sent yet.
   * @param ms no limit if `undefined`
   */
  park(ms: number | undefined, onEnd: () => void): void {
    this.isReused = true;
    this.#onEnd = onEnd;
    if (ms) this.#timer = setTimeout(() => this.drop(), ms);
    this.#watch = this.channel.read();
    const end = (): void => this.drop();
    void this.#watch.then(end, end);
  }

  /** Takes the connection for a request. */
  unpark(): void {
    clearTimeout(this.#timer);
    this.#onEnd = undefined;
  }

  /** Closes the connection if it is parked. */
  drop(): void {
    const onEnd = this.#onEnd;
    if (!onEnd) return;
    this.unpark();
    void markHandled(this.channel.close());
    onEnd();
  }
}
