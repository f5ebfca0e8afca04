/**
 * Streams that a reader pulls.
 * @module
 */
import type { Bytes } from "@handclasp/core/client";

/** The reason why a body failed, once it has. */
export interface BodyFailure {
  failed?: { readonly reason: unknown };
}

/** Where a stream gets its bytes. */
export interface PullSource {
  start?(controller: ReadableStreamDefaultController<Bytes>): void;
  pull(controller: ReadableStreamDefaultController<Bytes>): Promise<void>;
  cancel(reason: unknown): Promise<void> | void;
}

/** A stream without a queue of its own: it asks its source for bytes only when it is read. */
export const pullStream = (source: PullSource): ReadableStream<Bytes> =>
  new ReadableStream<Bytes>(withoutPrototype(source), withoutPrototype({ highWaterMark: 0 }));

/** A program that adds properties to Object.prototype must not change the streams. */
const withoutPrototype = <T extends object>(properties: T): T => Object.assign(Object.create(null), properties) as T;
