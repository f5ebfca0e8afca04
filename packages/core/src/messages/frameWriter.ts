/**
 * Builds frames. The frames of messages that are appended one after another share a piece of memory, so that many short
 * messages become one write to the channel.
 * @module
 */
import { maxMessageData } from "../limits.ts";
import { opcodes } from "./frames.ts";

const encoder = new TextEncoder();

/**
 * The most bytes in a fragment. A longer message becomes several fragments, so that pings and pongs need not wait for
 * its end, nor a Close once the messages are dropped.
 */
const maxFragment = maxMessageData - 10;
/** The most UTF-16 units of a text that is encoded in place: each becomes at most three bytes. */
const maxTextInPlace = maxFragment / 3;
const smallest = 2 ** 10;

/** A piece of frames that are ready, and the number of bytes of messages in it. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly payloadLength: number;
}

export class FrameWriter {
  readonly #full: Batch[] = [];
  #buffer: Uint8Array | undefined;
  #length = 0;
  #payloadLength = 0;
  /** The size of the next buffer: the length of the last batch. */
  #nextSize = smallest;
  /** The number of bytes in `#full`, headers included. */
  #fullBytes = 0;
  /** The number of bytes of messages that wait. */
  waiting = 0;

  /** The number of bytes that wait, headers included: an empty message takes memory too. */
  get size(): number {
    return this.#fullBytes + this.#length;
  }

  /** Appends a message. The data may change afterwards. */
  append(data: string | Uint8Array): void {
    if (typeof data !== "string") this.#appendFragments(opcodes.binary, data);
    else if (data.length <= maxTextInPlace) this.#appendText(data);
    else this.#appendFragments(opcodes.text, encoder.encode(data));
  }

  /** Takes the oldest frames, at most 64 KiB. */
  take(): Batch | undefined {
    if (!this.#full.length) this.#finishBuffer();
    const batch = this.#full.shift();
    if (!batch) return undefined;
    this.waiting -= batch.payloadLength;
    this.#fullBytes -= batch.bytes.length;
    return batch;
  }

  /** Drops all messages that wait, and returns the number of their bytes. Only whole fragments are dropped. */
  drop(): number {
    const dropped = this.waiting;
    this.#full.length = 0;
    this.#fullBytes = 0;
    this.#buffer = undefined;
    this.#length = 0;
    this.#payloadLength = 0;
    this.waiting = 0;
    return dropped;
  }

  #appendFragments(opcode: number, bytes: Uint8Array): void {
    let at = 0;
    do {
      const end = Math.min(at + maxFragment, bytes.length);
      const final = end === bytes.length ? 0x80 : 0;
      this.#append(final | (at ? opcodes.continuation : opcode), bytes.subarray(at, end));
      this.#count(end - at);
      at = end;
    } while (at < bytes.length);
  }

  #append(first: number, payload: Uint8Array): void {
    const buffer = this.#reserve(payload.length + 4);
    const at = this.#length + putHeader(buffer, this.#length, first, payload.length);
    buffer.set(payload, at);
    this.#length = at + payload.length;
  }

  /** Encodes a short text behind room for the longer header, and moves it if the header is short. */
  #appendText(text: string): void {
    const buffer = this.#reserve(text.length * 3 + 4);
    const start = this.#length + 4;
    const { written } = encoder.encodeInto(text, buffer.subarray(start));
    const headerLength = putHeader(buffer, this.#length, 0x80 | opcodes.text, written);
    if (headerLength === 2) buffer.copyWithin(start - 2, start, start + written);
    this.#length += headerLength + written;
    this.#count(written);
  }

  #count(payloadLength: number): void {
    this.#payloadLength += payloadLength;
    this.waiting += payloadLength;
  }

  /** Returns a buffer with room for `length` more bytes behind `#length`. */
  #reserve(length: number): Uint8Array {
    if (this.#length && this.#length + length > maxMessageData) this.#finishBuffer();
    const needed = this.#length + length;
    const buffer = this.#buffer;
    if (buffer && needed <= buffer.length) return buffer;
    const larger = new Uint8Array(Math.min(Math.max(needed, 2 * this.#length, this.#nextSize), maxMessageData));
    if (buffer) larger.set(buffer.subarray(0, this.#length));
    this.#buffer = larger;
    return larger;
  }

  #finishBuffer(): void {
    if (!this.#buffer || !this.#length) return;
    this.#full.push({ bytes: this.#buffer.subarray(0, this.#length), payloadLength: this.#payloadLength });
    this.#fullBytes += this.#length;
    this.#nextSize = Math.max(this.#length, smallest);
    this.#buffer = undefined;
    this.#length = 0;
    this.#payloadLength = 0;
  }
}

/** A control frame. Its payload has less than 64 KiB. */
export function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 4);
  const headerLength = putHeader(frame, 0, 0x80 | opcode, payload.length);
  frame.set(payload, headerLength);
  return frame.subarray(0, headerLength + payload.length);
}

/** Writes a header, and returns its length. No frame of ours has 64 KiB. */
function putHeader(buffer: Uint8Array, at: number, first: number, length: number): number {
  buffer[at] = first;
  if (length < 126) {
    buffer[at + 1] = length;
    return 2;
  }
  buffer[at + 1] = 126;
  buffer[at + 2] = length >> 8;
  buffer[at + 3] = length & 255;
  return 4;
}
