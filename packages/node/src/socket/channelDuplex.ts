/**
 * A Duplex over a channel: the reads, the writes and the ends. The channel may come after the stream.
 * @module
 */
import { Duplex } from "node:stream";
import { type Session, type TlsConnection, TlsError } from "@handclasp/core";
import { writtenAtOnce } from "@handclasp/core/unstable/engine";
import { isLocalEnd, SocketError, socketError } from "./errors.ts";

/** The options of `toSocket`. */
export interface ToSocketOptions {
  /**
   * Whether the writable side stays open after the peer's end. By default it ends too, as that of a socket of node:net.
   */
  readonly allowHalfOpen?: boolean;
  /**
   * How long the peer may be silent after this side has ended, in milliseconds. Then the socket fails with `ETIMEDOUT`.
   * Default 30,000. The time is not limited with `allowHalfOpen`, or while the application does not read.
   */
  readonly closeTimeout?: number;
}

/** The options that other sockets of this package give. */
export interface DuplexOptions extends ToSocketOptions {
  readonly highWaterMark?: number;
}

/**
 * The bytes that each side of the stream buffers before it stops the other side. A smaller number would make a writer
 * wait for "drain" after each write of 64 KiB.
 */
const defaultHighWaterMark: number = 2 ** 17;
const defaultCloseTimeout = 30_000;

/** The functions with which Writable calls back. */
export type StreamCallback = (error?: Error | null) => void;
/** A write that Writable has kept. */
export interface StreamChunk {
  readonly chunk: Buffer;
}

/** The part of a `ChannelSocket` that is a stream. */
export class ChannelDuplex extends Duplex {
  #channel: TlsConnection | undefined;
  /** True once the handshake is done. */
  #isOpen = false;
  #isReading = false;
  /** A write or the end, which waits for the channel. Writable calls one at a time. */
  #whenAttached: (() => void) | undefined;
  /** Lets the channel close after the peer's end. */
  #release: (() => void) | undefined;
  readonly #closeTimeout: number;
  #closeTimer: NodeJS.Timeout | undefined;
  #endsLocally = false;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(options: DuplexOptions) {
    const { allowHalfOpen = false, closeTimeout = defaultCloseTimeout, highWaterMark = defaultHighWaterMark } = options;
    super({ allowHalfOpen, highWaterMark });
    this.#closeTimeout = closeTimeout;
  }

  /** The channel, once the stream has it. */
  protected get channel(): TlsConnection | undefined {
    return this.#channel;
  }
  /** The session of the channel. `undefined` before the handshake is done. */
  protected get session(): Session | undefined {
    return this.#isOpen ? this.#channel?.session : undefined;
  }
  /** The number of bytes that the peer's application has sent and the stream has taken from the channel. */
  get bytesRead(): number {
    return this.#bytesRead;
  }
  /** The number of bytes that the application has written, including those that wait in the stream. */
  get bytesWritten(): number {
    return this.#bytesWritten + this.writableLength;
  }

  /** Gives the stream its channel, which may still be in its handshake. */
  protected attach(channel: TlsConnection): void {
    if (this.destroyed) return channel.abort();
    this.#channel = channel;
    // The stream decides when its side ends, also after the peer's end.
    channel.holdOpen(new Promise<void>((resolve) => (this.#release = resolve)));
    if (isOpened(channel)) this.#isOpen = true;
    else channel.opened.then(() => guard(() => this.#open()), this.#fail);
    this.#whenAttached?.();
    this.#whenAttached = undefined;
    // As a socket of node:net, the stream reads at once, so that it notices the end of a connection that nothing uses.
    if (this.#isReading) this.#readNext(channel);
    else if (!this.isPaused()) this.read(0);
  }

  /** Ends the stream because it gets no channel. */
  protected attachFailed(error: unknown): void {
    this.#fail(error);
  }

  #open(): void {
    this.#isOpen = true;
    if (!this.destroyed) this.opened();
  }

  /** Called when the handshake of the channel is done, unless it was done before the stream had the channel. */
  protected opened(): void {}
  /** Called when bytes move. */
  protected active(): void {}
  /** True for an end of the channel after which the stream closes without an error, and without "end". */
  protected endsQuietly(error: unknown): boolean {
    return isLocalEnd(error);
  }
  /** The error that the stream emits for an error with which the channel rejects. */
  protected errorOf(error: unknown): Error {
    return socketError(error);
  }

  override _read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    if (this.#channel) this.#readNext(this.#channel);
  }

  #readNext(channel: TlsConnection): void {
    channel.read().then(this.#onRead, this.#fail);
  }

  readonly #onRead = (bytes: Uint8Array | undefined): void => {
    this.#isReading = false;
    if (!this.destroyed) guard(() => (bytes ? this.#pushBytes(bytes) : this.#pushEnd()));
  };

  #pushBytes(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    this.#closeTimer?.refresh();
    this.active();
    const hasRoom = this.push(asBuffer(bytes));
    // Reads on without the turn that a call of `_read` takes.
    if (hasRoom && !this.destroyed) this._read();
  }

  #pushEnd(): void {
    this.#stopCloseTimer();
    this.push(null);
    // As a socket of node:net, the stream ends although nothing reads it, if all its bytes were read.
    this.read(0);
  }

  override _write(chunk: Buffer, _encoding: string, callback: StreamCallback): void {
    this._writev([{ chunk }], callback);
  }

  override _writev(chunks: StreamChunk[], callback: StreamCallback): void {
    if (this.#channel) this.#writeFrom(0, chunks, this.#channel, callback);
    else this.#whenAttached = () => this._writev(chunks, callback);
  }

  /** Writes the chunks from an index on. They need not be joined, because the writes of one turn share records. */
  #writeFrom(index: number, chunks: StreamChunk[], channel: TlsConnection, callback: StreamCallback): void {
    this.active();
    for (let i = index; i < chunks.length; i++) {
      const written = channel.write((chunks[i] as StreamChunk).chunk);
      // Most writes need not wait. Then the stream does not wait for a microtask either.
      if (written === writtenAtOnce) continue;
      written.then(
        () => guard(() => this.#writeFrom(i + 1, chunks, channel, callback)),
        (error: unknown) => guard(() => this.#failWrite(error, callback)),
      );
      return;
    }
    for (const { chunk } of chunks) this.#bytesWritten += chunk.length;
    callback();
  }

  #failWrite(error: unknown, callback: StreamCallback): void {
    if (this.endsQuietly(error)) this.#destroyLocally();
    callback(this.errorOf(error));
  }

  override _final(callback: StreamCallback): void {
    const channel = this.#channel;
    if (!channel) {
      this.#whenAttached = () => this._final(callback);
      return;
    }
    const ended = (): void => {
      this.#release?.();
      if (!this.allowHalfOpen && !this.readableEnded && !this.destroyed) this.#startCloseTimer();
      callback();
    };
    // During the handshake, `closeWrite` would end the handshake.
    const closing = this.#isOpen ? channel.closeWrite() : channel.opened.then(() => channel.closeWrite());
    closing.then(
      () => guard(ended),
      // A peer that has closed may leave without waiting for our end (RFC 5246 §7.2.1).
      (error: unknown) => guard(() => (isPeerGone(error) ? ended() : this.#failWrite(error, callback))),
    );
  }

  override _destroy(error: Error | null, callback: StreamCallback): void {
    this.#stopCloseTimer();
    this.#release?.();
    this.#whenAttached = undefined;
    // An alert would make the peer doubt data that is complete. `close` has a time limit.
    if (!error && this.#isComplete) void this.#channel?.close();
    // A close that is under way goes on.
    else if (!this.#endsLocally) this.#channel?.abort(error ?? undefined);
    callback(error);
  }

  /**
   * True if this side has ended, or is about to because the peer has: a loop over a stream destroys the stream at its
   * end, before the stream has ended by itself.
   */
  get #isComplete(): boolean {
    return this.writableFinished || (this.readableEnded && !this.allowHalfOpen && this.writableLength === 0);
  }

  readonly #fail = (error: unknown): void => {
    this.#isReading = false;
    if (this.destroyed) return;
    guard(() => (this.endsQuietly(error) ? this.#destroyLocally() : void this.destroy(this.errorOf(error))));
  };

  /**
   * This side has closed the channel itself, for example because the server closes. The stream emits no error, and it
   * does not look complete, because it emits no "end".
   */
  #destroyLocally(): void {
    this.#endsLocally = true;
    this.destroy();
  }

  #startCloseTimer(): void {
    this.#closeTimer = setTimeout(() => {
      // While the application does not read, the peer may wait for the application.
      if (!this.#isReading) return void this.#closeTimer?.refresh();
      const message = `the peer sent nothing within ${this.#closeTimeout} ms after this side had ended`;
      this.destroy(new SocketError("ETIMEDOUT", new TlsError(undefined, message, { code: "close_timeout" })));
    }, this.#closeTimeout).unref();
  }

  #stopCloseTimer(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
  }
}

function isOpened(channel: TlsConnection): boolean {
  try {
    return channel.session !== undefined;
  } catch {
    return false;
  }
}

const isPeerGone = (error: unknown): boolean => TlsError.is(error) && error.code === "peer_gone";

/** No copy: the channel does not use the memory again. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Runs code that calls listeners of the application. An error that they throw becomes an uncaught exception, as with a
 * socket of node:net, and not the rejection of a promise.
 */
export function guard(act: () => void): void {
  try {
    act();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
