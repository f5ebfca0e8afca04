/**
 * Builds frames. The frames of messages that are appended one after another fill pieces of memory of 64 KiB, whether a
 * frame ends there or not, so that each piece is one write to the channel and becomes four full records.
 * @module
 */
import { maxMessageData } from "../limits.ts";
import { opcodes } from "./frames.ts";

const encoder = new TextEncoder();

/**
 * The most bytes in a fragment. A longer message becomes several fragments, so that pings and pongs need not wait for
 * its end, nor a Close once the messages are dropped.
 */
const maxFragment = maxMessageData - 4;
/** The length of the header of a long frame. No header is cut. */
const maxHeader = 4;
const smallest = 2 ** 10;

/** A piece of frames that are ready, and the number of bytes of messages in it. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly payloadLength: number;
}

/** A piece that waits. It begins with the rest of a frame, of this many bytes, which may be 0. */
interface WaitingBatch extends Batch {
  readonly rest: number;
}

export class FrameWriter {
  #full: WaitingBatch[] = [];
  #buffer: Uint8Array | undefined;
  #length = 0;
  #payloadLength = 0;
  /** The length of the rest of a frame at the beginning of `#buffer`. */
  #rest = 0;
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
    else if (this.#length + maxHeader + 3 * data.length <= maxMessageData) this.#appendText(data);
    else this.#appendFragments(opcodes.text, encoder.encode(data));
  }

  /** Takes the oldest frames, at most 64 KiB. The last of them may go on in what `take` or `takeRest` returns next. */
  take(): Batch | undefined {
    if (!this.#full.length) this.#finishBuffer();
    const batch = this.#full.shift();
    if (batch) this.#uncount(batch);
    return batch;
  }

  /** Takes the rest of the frame whose first part was taken, so that another frame may follow. */
  takeRest(): Batch | undefined {
    if (!this.#full.length) this.#finishBuffer();
    const [front] = this.#full;
    if (!front?.rest) return undefined;
    const { bytes, payloadLength, rest } = front;
    if (rest === bytes.length) return this.take();
    this.#full[0] = { bytes: bytes.subarray(rest), payloadLength: payloadLength - rest, rest: 0 };
    const batch = { bytes: bytes.subarray(0, rest), payloadLength: rest };
    this.#uncount(batch);
    return batch;
  }

  /**
   * Drops all messages that wait, and returns the number of their bytes. The rest of a frame whose first part was taken
   * stays.
   */
  drop(): number {
    const rest = this.takeRest();
    const dropped = this.waiting;
    this.#full = rest ? [{ ...rest, rest: rest.bytes.length }] : [];
    this.#fullBytes = this.waiting = rest?.bytes.length ?? 0;
    this.#startBuffer(0);
    return dropped;
  }

  #uncount({ bytes, payloadLength }: Batch): void {
    this.waiting -= payloadLength;
    this.#fullBytes -= bytes.length;
  }

  #appendFragments(opcode: number, bytes: Uint8Array): void {
    let at = 0;
    do {
      const end = Math.min(at + maxFragment, bytes.length);
      const final = end === bytes.length ? 0x80 : 0;
      this.#append(final | (at ? opcodes.continuation : opcode), bytes.subarray(at, end));
      at = end;
    } while (at < bytes.length);
  }

  #append(first: number, payload: Uint8Array): void {
    if (this.#length + maxHeader > maxMessageData) this.#finishBuffer();
    const buffer = this.#reserve(Math.min(maxHeader + payload.length, maxMessageData - this.#length));
    this.#length += putHeader(buffer, this.#length, first, payload.length);
    for (let at = 0; at < payload.length; ) {
      if (this.#length === maxMessageData) this.#finishBuffer(payload.length - at);
      const piece = payload.subarray(at, at + maxMessageData - this.#length);
      this.#reserve(piece.length).set(piece, this.#length);
      this.#length += piece.length;
      this.#count(piece.length);
      at += piece.length;
    }
  }

  /** Encodes a short text behind room for the longer header, and moves it if the header is short. */
  #appendText(text: string): void {
    const buffer = this.#reserve(text.length * 3 + maxHeader);
    const start = this.#length + maxHeader;
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
    const needed = this.#length + length;
    const buffer = this.#buffer;
    if (buffer && needed <= buffer.length) return buffer;
    const larger = new Uint8Array(Math.min(Math.max(needed, 2 * this.#length, this.#nextSize), maxMessageData));
    if (buffer) larger.set(buffer.subarray(0, this.#length));
    this.#buffer = larger;
    return larger;
  }

  /** @param rest the number of bytes by which the last frame goes on */
  #finishBuffer(rest = 0): void {
    if (this.#buffer && this.#length) {
      const bytes = this.#buffer.subarray(0, this.#length);
      this.#full.push({ bytes, payloadLength: this.#payloadLength, rest: this.#rest });
      this.#fullBytes += this.#length;
      this.#nextSize = Math.max(this.#length, smallest);
    }
    this.#startBuffer(rest);
  }

  #startBuffer(rest: number): void {
    this.#buffer = undefined;
    this.#length = 0;
    this.#payloadLength = 0;
    this.#rest = rest;
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
