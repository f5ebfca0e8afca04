/**
 * What `channel.readable` is: the host's ReadableStream, declared so that it fits lib.dom and node:stream/web alike.
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";

/**
 * A stream of bytes, for every API that takes a ReadableStream.
 *
 * The declarations of lib.dom and of `@types/node` differ in BYOB readers, so the stream of neither fits the other.
 * This stream has no BYOB reader: asking for one throws a TypeError. Its type says so, and fits both.
 *
 * Safari does not iterate over streams: `for await (const bytes of channel)` works everywhere.
 * @example
 * const text = channel.readable.pipeThrough(new TextDecoderStream());
 * @example
 * const duplex = Duplex.fromWeb({ readable: channel.readable, writable: channel.writable }); // node:stream
 */
export interface ByteReadable extends ReadableStream<Bytes> {
  getReader(options: { mode: "byob" }): never;
  getReader(): ReadableStreamDefaultReader<Bytes>;
  pipeThrough<R>(
    transform: { readable: R; writable: WritableStream<Bytes> },
    // `pipeTo` takes the same options, and their type does not have the same name in every host.
    options?: Parameters<ReadableStream<Bytes>["pipeTo"]>[1],
  ): R;
  tee(): [ByteReadable, ByteReadable];
  // TypeScript 5.9 has these in lib.dom.asynciterable, which a program with lib.dom may leave out.
  values(options?: { preventCancel?: boolean }): AsyncIteratorObject<Bytes, undefined, unknown>;
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncIteratorObject<Bytes, undefined, unknown>;
}
