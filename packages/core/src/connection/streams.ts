/**
 * Web streams and asynchronous iteration over a connection.
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import type { ByteReadable } from "./byteReadable.ts";

/** The receiving side of a connection. */
interface Source {
  read(): Promise<Bytes | undefined>;
  /** Discards the bytes that wait and all later ones. */
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

/** A plain object, because a waiting generator would take more memory than the connection's keys. */
export const iteratorOf = (source: Source): AsyncIterableIterator<Bytes, void, void> => ({
  next: () => source.read().then(asResult),
  [Symbol.asyncIterator]: itself,
});

/** One function for all iterators, so that an iterator of an idle connection needs no closure of its own. */
function itself<T>(this: T): T {
  return this;
}

const asResult = (value: Bytes | undefined) => ({ value, done: !value }) as IteratorResult<Bytes, void>;
