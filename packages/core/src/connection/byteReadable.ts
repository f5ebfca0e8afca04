/**
 * The type of `channel.readable`: the global ReadableStream, assignable to the types of both lib.dom and
 * node:stream/web.
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";

/**
 * A stream of bytes, for every API that takes a ReadableStream.
 *
 * The declarations of lib.dom and of `@types/node` differ in their BYOB readers, so neither type is assignable to the
 * other. This stream has no BYOB reader: `getReader({ mode: "byob" })` throws a TypeError. The type below says so, and
 * is assignable to both.
 *
 * Safari cannot iterate over streams; `for await (const bytes of channel)` works everywhere.
 * @example
 * const text = channel.readable.pipeThrough(new TextDecoderStream());
 * @example
 * import { Duplex } from "node:stream";
 * const duplex = Duplex.fromWeb({ readable: channel.readable, writable: channel.writable });
 */
export interface ByteReadable extends ReadableStream<Bytes> {
  getReader(options: { mode: "byob" }): never;
  getReader(): ReadableStreamDefaultReader<Bytes>;
  pipeThrough<R>(
    transform: { readable: R; writable: WritableStream<Bytes> },
    // The options of `pipeTo`, because lib.dom and `@types/node` name their type differently.
    options?: Parameters<ReadableStream<Bytes>["pipeTo"]>[1],
  ): R;
  tee(): [ByteReadable, ByteReadable];
  // TypeScript 5.9 declares these in lib.dom.asynciterable, which a program that uses lib.dom may leave out.
  values(options?: { preventCancel?: boolean }): AsyncIteratorObject<Bytes, undefined, unknown>;
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncIteratorObject<Bytes, undefined, unknown>;
}
