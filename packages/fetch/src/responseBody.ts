/**
 * The body of a response as a stream with back-pressure.
 * @module
 */
import type { Bytes } from "@handclasp/core/client";

import type { Exchange } from "./exchange.ts";
import { maxDiscardedBytes, prefetchedBytes } from "./limits.ts";
import { type BodyFailure, pullStream } from "./streams.ts";

/** Reads the rest of a short body, so that its connection can be used again, and ends the connection otherwise. */
export async function discard(exchange: Exchange): Promise<void> {
  let bytes = 0;
  try {
    for (let data = await exchange.next(); data; data = await exchange.next()) {
      bytes += data.length;
      if (bytes > maxDiscardedBytes) return exchange.fail(undefined);
    }
  } catch {
    // The connection has ended, so there is nothing left to read.
  }
}

/**
 * A stream of the body. It receives a little before the program reads, so that a short response frees its connection.
 * @param signal errors the stream until the program has read the end, as the Fetch standard demands
 * @param failure gets the reason if the stream fails
 */
export const bodyStream = (
  exchange: Exchange,
  signal: AbortSignal | undefined,
  failure: BodyFailure,
): ReadableStream<Bytes> => new BodySource(exchange, signal, failure).stream;

class BodySource {
  readonly stream: ReadableStream<Bytes>;
  readonly #exchange: Exchange;
  readonly #signal: AbortSignal | undefined;
  readonly #failure: BodyFailure;
  #controller: ReadableStreamDefaultController<Bytes> | undefined;
  #queue: Bytes[] = [];
  #bytes = 0;
  #isFilling = false;
  #end: { readonly error?: unknown } | undefined;
  /** Continues a `pull` that waits. */
  #wake: (() => void) | undefined;

  constructor(exchange: Exchange, signal: AbortSignal | undefined, failure: BodyFailure) {
    this.#exchange = exchange;
    this.#signal = signal;
    this.#failure = failure;
    signal?.addEventListener("abort", this.#onAbort);
    this.stream = pullStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: (reason) => {
        this.#stop();
        exchange.fail(reason);
      },
    });
    if (signal?.aborted) this.#onAbort();
    else void this.#fill();
  }

  async #pull(): Promise<void> {
    while (!this.#queue.length && !this.#end) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      void this.#fill();
      await woken;
    }
    const bytes = this.#queue.shift();
    if (!bytes) return;
    this.#bytes -= bytes.length;
    this.#controller?.enqueue(bytes);
    this.#endIfEmpty();
    void this.#fill();
  }

  /** Ends the stream as soon as nothing is left to read, even if no read is pending. */
  #endIfEmpty(): void {
    const controller = this.#controller;
    const end = this.#end;
    if (!controller || !end || this.#queue.length) return;
    this.#stop();
    if ("error" in end) this.#fail(controller, end.error);
    else controller.close();
  }

  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      while (!this.#end && this.#bytes < prefetchedBytes) {
        const bytes = await this.#exchange.next();
        if (this.#end) break;
        if (bytes) {
          this.#queue.push(bytes);
          this.#bytes += bytes.length;
        } else this.#end = {};
        this.#wake?.();
      }
    } catch (error) {
      this.#end ??= { error };
    }
    this.#isFilling = false;
    this.#endIfEmpty();
    this.#wake?.();
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    const controller = this.#controller;
    this.#stop();
    this.#exchange.fail(reason);
    if (controller) this.#fail(controller, reason);
  };

  #fail(controller: ReadableStreamDefaultController<Bytes>, reason: unknown): void {
    this.#failure.failed ??= { reason };
    controller.error(reason);
  }

  /** The program gets nothing more. */
  #stop(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#end ??= {};
    this.#controller = undefined;
    this.#queue = [];
    this.#wake?.();
  }
}
