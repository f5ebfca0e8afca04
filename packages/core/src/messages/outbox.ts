/**
 * Messages and control frames on their way to the channel.
 * @module
 */
import { type Deferred, deferred } from "../connection/deferred.ts";
import type { TlsError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterMessages } from "../limits.ts";
import { encodeAck, opcodes } from "./frames.ts";
import { FrameWriter } from "./frameWriter.ts";

const resolved = Promise.resolve();

/** The part of a channel that the outbox uses. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

export class Outbox {
  readonly #channel: Sink;
  readonly #onSent: (bytes: number) => void;
  readonly #onFlushed: () => void;
  readonly #writer = new FrameWriter();
  #isFlushing = false;
  #room: Deferred<void> | undefined;
  #pong: Uint8Array | undefined;
  #ack: number | undefined;

  /**
   * @param onSent called with the number of bytes of messages that the channel took
   * @param onFlushed called when nothing waits any more
   */
  constructor(channel: Sink, onSent: (bytes: number) => void, onFlushed: () => void) {
    this.#channel = channel;
    this.#onSent = onSent;
    this.#onFlushed = onFlushed;
  }

  /** Adds a message. Resolves when there is room for more. */
  addMessage(message: string | Uint8Array): Promise<void> {
    this.#writer.appendMessage(message);
    this.#flushLater();
    if (this.#writer.waiting < highWaterMessages) return resolved;
    this.#room ??= deferred();
    return markHandled(this.#room.promise);
  }

  addControl(opcode: number, payload: Uint8Array): void {
    this.#writer.appendControl(opcode, payload);
    this.#flushLater();
  }

  /**
   * Adds the answer to a ping. While an answer waits for a peer that does not read, it gives way to the next one (RFC
   * 6455 §5.5.3), so that a flood of pings does not fill our memory.
   */
  addPong(payload: Uint8Array): void {
    this.#pong = payload;
    this.#flushLater();
  }

  /** Adds an acknowledgement, in place of one that still waits. */
  addAck(count: number): void {
    this.#ack = count;
    this.#flushLater();
  }

  /** The number of bytes of messages that the channel has not taken yet. */
  get waiting(): number {
    return this.#writer.waiting;
  }
  /** Whether frames wait to be taken by the channel. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  /** Drops everything that the channel has not taken, and returns the number of bytes of messages in it. */
  drop(error: TlsError): number {
    this.#pong = undefined;
    this.#ack = undefined;
    this.#room?.reject(error);
    this.#room = undefined;
    return this.#writer.drop();
  }

  /** Sends in a microtask, so that the messages of one task become one write. */
  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    void resolved.then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      for (;;) {
        this.#appendLatest();
        const batch = this.#writer.take();
        if (!batch) break;
        await this.#channel.write(batch.bytes);
        if (batch.payloadLength) this.#onSent(batch.payloadLength);
        if (this.#writer.waiting < highWaterMessages) this.#room?.resolve();
        if (this.#writer.waiting < highWaterMessages) this.#room = undefined;
      }
    } catch {
      // The channel has ended, and its `closed` says why. This outbox takes no more frames.
      return;
    }
    this.#isFlushing = false;
    this.#onFlushed();
  }

  #appendLatest(): void {
    if (this.#pong) this.#writer.appendControl(opcodes.pong, this.#pong);
    if (this.#ack !== undefined) this.#writer.appendControl(opcodes.ack, encodeAck(this.#ack));
    this.#pong = undefined;
    this.#ack = undefined;
  }
}
