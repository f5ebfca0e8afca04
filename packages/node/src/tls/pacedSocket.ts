/**
 * How a socket of node:tls reads and writes: into a buffer of the application, and in fragments of a given size.
 * @module
 */
import type { OnReadOpts } from "node:net";
import type { TlsConnection } from "@handclasp/core";
import type { DuplexOptions, StreamCallback } from "../socket/channelDuplex.ts";
import { ChannelSocket } from "../socket/channelSocket.ts";
import { nodeError, wrongType } from "./errors.ts";

/** The part of a TLSSocket that reads and writes. */
export class PacedSocket extends ChannelSocket {
  readonly #onread: OnReadOpts | undefined;
  /** The bytes that wait because `onread` has stopped them. */
  #unread: Buffer | undefined;
  /** The buffer of `onread` for the next bytes. */
  #readTarget: Uint8Array | undefined;
  #maxFragment: number | undefined;
  #unflushed = 0;

  /** @internal */
  constructor(channel: PromiseLike<TlsConnection>, options: DuplexOptions, onread: OnReadOpts | undefined) {
    super(channel, options);
    this.#onread = onread;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const onread = this.#onread;
    return onread && chunk ? this.#deliver(chunk, onread) : super.push(chunk, encoding);
  }

  /** Copies the bytes into the application's buffer, until all are read or the application stops them. */
  #deliver(chunk: Buffer, { buffer, callback }: OnReadOpts): boolean {
    this.#unread = undefined;
    const nextTarget = (): Uint8Array => (typeof buffer === "function" ? buffer() : buffer);
    this.#readTarget ??= nextTarget();
    for (let at = 0; at < chunk.length; ) {
      const target: Uint8Array = this.#readTarget;
      const length = Math.min(target.length, chunk.length - at);
      target.set(chunk.subarray(at, at + length));
      at += length;
      if ((callback(length, target) as boolean | undefined) === false) this.pause();
      this.#readTarget = nextTarget();
      if (!this.isPaused()) continue;
      this.#unread = chunk.subarray(at);
      return false;
    }
    return true;
  }

  override _read(): void {
    if (!this.#unread) super._read();
  }

  override resume(): this {
    if (this.#unread) process.nextTick(() => this.#deliverUnread());
    return super.resume();
  }

  #deliverUnread(): void {
    const onread = this.#onread;
    if (this.#unread && onread && !this.destroyed && this.#deliver(this.#unread, onread)) super._read();
  }

  /** The bytes that were written and that the operating system does not have yet. */
  override get bufferSize(): number {
    if (this.destroyed) return undefined as unknown as number;
    return this.writableFinished ? 0 : this.writableLength + this.#unflushed;
  }

  override _writev(chunks: { readonly chunk: Buffer }[], callback: StreamCallback): void {
    // The channel sends the writes of one turn together.
    if (!this.#unflushed) setImmediate(() => (this.#unflushed = 0));
    for (const { chunk } of chunks) this.#unflushed += chunk.length;
    const limit = this.#maxFragment;
    if (limit === undefined) return super._writev(chunks, callback);
    const parts: Buffer[] = [];
    for (const { chunk } of chunks)
      for (let at = 0; at < chunk.length; at += limit) parts.push(chunk.subarray(at, at + limit));
    this.#writeParts(parts, callback);
  }

  /** Writes each part in a turn of its own, because the writes of one turn share records. */
  #writeParts([part, ...rest]: readonly Buffer[], callback: StreamCallback): void {
    if (!part) return callback();
    super._writev([{ chunk: part }], (error) => {
      if (error) callback(error);
      else if (rest.length) setImmediate(() => this.#writeParts(rest, callback));
      else callback();
    });
  }

  /**
   * Limits the fragments that this side sends from now on. Each then takes a turn of the event loop.
   * @param size 512 to 16,384 bytes
   * @returns false if the size is out of these limits, and is not set
   */
  setMaxSendFragment(size: number): boolean {
    if (typeof size !== "number") throw wrongType("size", "of type number", size);
    if (!Number.isInteger(size) || size < -(2 ** 31) || size >= 2 ** 31)
      throw nodeError("ERR_OUT_OF_RANGE", `The value of "size" is out of range. Received ${size}`, {
        type: RangeError,
      });
    if (size < 512 || size > 16_384) return false;
    this.#maxFragment = size;
    return true;
  }
}
