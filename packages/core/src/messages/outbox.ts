/**
 * Messages and control frames on their way to the channel.
 * @module
 */
import { type Deferred, deferred } from "../connection/deferred.ts";
import type { TlsError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterMessages, maxIdleMicrotasks, maxMessageData } from "../limits.ts";
import { encodeAck, opcodes } from "./frames.ts";
import { type Batch, controlFrame, FrameWriter } from "./frameWriter.ts";

const resolved = Promise.resolve();

/** The part of a channel that the outbox uses. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

export class Outbox {
  readonly #channel: Sink;
  readonly #onTaken: (bytes: number) => void;
  readonly #onFlushed: () => void;
  readonly #messages = new FrameWriter();
  #isFlushing = false;
  #room: Deferred<void> | undefined;
  /** Openings and pings. They and a pong overtake the messages that wait. */
  readonly #urgent: Uint8Array[] = [];
  #pong: Uint8Array | undefined;
  #ack: number | undefined;
  /** The Close. It follows the messages that wait. */
  #close: Uint8Array | undefined;

  /**
   * @param onTaken called when the channel has taken frames, with the number of bytes of messages in them
   * @param onFlushed called when nothing waits any more
   */
  constructor(channel: Sink, onTaken: (bytes: number) => void, onFlushed: () => void) {
    this.#channel = channel;
    this.#onTaken = onTaken;
    this.#onFlushed = onFlushed;
  }

  /** Adds a message. Resolves when there is room for more. */
  addMessage(message: string | Uint8Array): Promise<void> {
    this.#messages.append(message);
    this.#flushLater();
    if (this.#messages.size < highWaterMessages) return resolved;
    this.#room ??= deferred();
    return markHandled(this.#room.promise);
  }

  /** Adds an opening or a ping. */
  addUrgent(opcode: number, payload: Uint8Array): void {
    this.#urgent.push(controlFrame(opcode, payload));
    this.#flushLater();
  }

  /**
   * Adds the answer to a ping. While an answer waits for a peer that does not read, it gives way to the next one (RFC
   * 6455 §5.5.3), so that a flood of pings does not fill our memory.
   */
  addPong(payload: Uint8Array): void {
    this.#pong = controlFrame(opcodes.pong, payload);
    this.#flushLater();
  }

  /** Adds the Close, after which nothing may be added. */
  addClose(payload: Uint8Array): void {
    this.#close = controlFrame(opcodes.close, payload);
    this.#flushLater();
  }

  /** Adds an acknowledgement, in place of one that still waits. */
  addAck(count: number): void {
    this.#ack = count;
    this.#flushLater();
  }

  /** The number of bytes of messages that the channel has not taken yet. */
  get waiting(): number {
    return this.#messages.waiting;
  }
  /** Whether frames wait to be taken by the channel. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  /**
   * Drops the messages that the channel has not taken, and returns the number of their bytes.
   * @param error what their sender gets, if anything
   */
  drop(error: TlsError | undefined): number {
    this.#pong = undefined;
    this.#ack = undefined;
    if (error) this.#room?.reject(error);
    else this.#room?.resolve();
    this.#room = undefined;
    return this.#messages.drop();
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
        if (this.#mayGather) await this.#gather();
        const batch = this.#take();
        if (!batch) break;
        await this.#channel.write(batch.bytes);
        this.#onTaken(batch.payloadLength);
        if (this.#messages.size >= highWaterMessages) continue;
        this.#room?.resolve();
        this.#room = undefined;
      }
    } catch {
      // The channel has ended, and its `closed` says why. This outbox takes no more frames.
      return;
    }
    this.#isFlushing = false;
    this.#onFlushed();
  }

  /** Waits a few microtasks for the next message, until there is enough for a full write or another frame waits. */
  async #gather(): Promise<void> {
    for (let left = maxIdleMicrotasks, size = 0; left > 0 && this.#mayGather; left--) {
      if (this.#messages.size > size) left = maxIdleMicrotasks;
      size = this.#messages.size;
      await resolved;
    }
  }

  get #mayGather(): boolean {
    const { size } = this.#messages;
    return size > 0 && size < maxMessageData && !this.#hasControl && !this.#close;
  }

  #take(): Batch | undefined {
    const rest = this.#hasControl && this.#messages.takeRest();
    if (rest) return rest;
    const control = this.#takeControl();
    if (control) return { bytes: control, payloadLength: 0 };
    const batch = this.#messages.take();
    if (batch || !this.#close) return batch;
    const bytes = this.#close;
    this.#close = undefined;
    return { bytes, payloadLength: 0 };
  }

  get #hasControl(): boolean {
    return this.#urgent.length > 0 || this.#pong !== undefined || this.#ack !== undefined;
  }

  #takeControl(): Uint8Array | undefined {
    const pong = this.#pong;
    const ack = this.#ack;
    if (this.#urgent.length) return this.#urgent.shift();
    this.#pong = undefined;
    if (pong) return pong;
    this.#ack = undefined;
    return ack === undefined ? undefined : controlFrame(opcodes.ack, encodeAck(ack));
  }
}
