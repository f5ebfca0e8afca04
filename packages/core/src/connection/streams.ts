/**
 * The shapes in which the web reads and writes: streams, and asynchronous iteration.
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import type { ByteReadable } from "./byteReadable.ts";

/** Where bytes come from. */
interface Source {
  read(): Promise<Bytes | undefined>;
  /** The reader wants no more. */
  drop(): void;
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  abort(reason?: unknown): void;
}

export const readableOf = (source: Source): ByteReadable =>
  new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const bytes = await source.read();
        if (bytes) controller.enqueue(bytes);
        else controller.close();
      },
      cancel: () => source.drop(),
    },
    { highWaterMark: 0 },
  ) as ByteReadable;

export const writableOf = (sink: Sink): WritableStream<Uint8Array> =>
  new WritableStream({
    write: (chunk) => sink.write(chunk),
    close: () => sink.closeWrite(),
    abort: (reason) => sink.abort(reason),
  });

/** No generator: one that waits would cost a connection that waits more than its keys do. */
export const iteratorOf = (source: Source): AsyncIterableIterator<Bytes, void, void> => ({
  next: () => source.read().then(asResult),
  [Symbol.asyncIterator]: itself,
});

/** One for all: every connection that waits has an iterator. */
function itself<T>(this: T): T {
  return this;
}

const asResult = (value: Bytes | undefined) => ({ value, done: !value }) as IteratorResult<Bytes, void>;
