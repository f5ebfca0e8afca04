/**
 * Frames: those of WebSocket (RFC 6455 §5.2) without a mask, one after another in the channel's bytes. The channel
 * already encrypts and authenticates each byte, so a mask has no use.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { maxOpening } from "../limits.ts";
import { type CloseInfo, readClose } from "./close.ts";
import { FrameError, utf8Of } from "./frameError.ts";

/** The opcodes of RFC 6455 §11.8, and two of our own: `opening` and `ack`. */
export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
  opening: 11,
  ack: 12,
} as const;

/** A received message or control frame. */
export type Received =
  | { readonly type: "message"; readonly data: string | Bytes; readonly length: number }
  | { readonly type: "ping" | "pong" | "opening"; readonly data: Bytes }
  | { readonly type: "ack"; readonly count: number }
  | ({ readonly type: "close" } & CloseInfo);

/** The length of a frame's longest header: two bytes and a length of eight. */
const longestHeader = 10;
/**
 * The memory of an unfinished message at first. More follows as its bytes arrive, at most twice as much as arrived,
 * because its sender may only announce them.
 */
const allocatedAtOnce = 2 ** 16;

/** Takes bytes, and returns messages and control frames. It keeps at most one unfinished message. */
export class FrameReader {
  readonly #maxMessage: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  readonly #header = new Uint8Array(longestHeader);
  #headerLength = 0;
  /** The opcode of the frame whose payload is being read, and how many of its bytes are missing. */
  #opcode: number | undefined;
  #isFinal = true;
  #missing = 0;
  readonly #control = new Payload();
  readonly #message = new Payload();
  /** The opcode of the message whose fragments are being read. */
  #messageOpcode: number | undefined;
  #hasClosed = false;
  /** True while only an opening or another control frame may come: a message is refused at its header. */
  refusesMessages = false;

  /** @param maxMessage the most bytes of a message */
  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage;
  }

  /** Takes the next bytes. Call this only after `next` has returned `undefined`. */
  push(bytes: Uint8Array): void {
    this.#chunk = bytes;
    this.#at = 0;
  }

  /**
   * Returns the next message or control frame, or `undefined` if it needs more bytes. After a Close it returns nothing
   * more (RFC 6455 §5.5.1).
   * @throws FrameError
   */
  next(): Received | undefined {
    while (!this.#hasClosed) {
      if (this.#opcode === undefined && !this.#readHeader()) return undefined;
      const opcode = this.#opcode as number;
      const isControl = opcode >= opcodes.close;
      const whole = this.#readPayload(isControl ? this.#control : this.#message);
      if (this.#missing) return undefined;
      this.#opcode = undefined;
      this.#headerLength = 0;
      if (isControl) return this.#received(opcode, whole ?? this.#control.take());
      if (!this.#isFinal) continue;
      const type = this.#messageOpcode as number;
      this.#messageOpcode = undefined;
      return this.#received(type, whole ?? this.#message.take());
    }
    return undefined;
  }

  #received(opcode: number, payload: Bytes): Received {
    switch (opcode) {
      case opcodes.text:
        return { type: "message", data: utf8Of(payload), length: payload.length };
      case opcodes.binary:
        return { type: "message", data: payload, length: payload.length };
      case opcodes.close:
        this.#hasClosed = true;
        this.#chunk = new Uint8Array(0);
        return { type: "close", ...readClose(payload) };
      case opcodes.ping:
        return { type: "ping", data: payload };
      case opcodes.pong:
        return { type: "pong", data: payload };
      case opcodes.ack:
        return { type: "ack", count: readAck(payload) };
      default:
        return { type: "opening", data: payload };
    }
  }

  /** Reads a header as far as its bytes are there. Returns whether it is whole. */
  #readHeader(): boolean {
    const header = this.#header;
    for (;;) {
      const length = this.#headerLength < 2 ? 2 : headerLengthOf(header[1] as number);
      while (this.#headerLength < length) {
        const byte = this.#chunk[this.#at];
        if (byte === undefined) return false;
        header[this.#headerLength++] = byte;
        this.#at++;
      }
      if (length === headerLengthOf(header[1] as number)) break;
    }
    this.#begin(header[0] as number, payloadLengthOf(header));
    return true;
  }

  #begin(first: number, length: number): void {
    const opcode = first & 15;
    if (first & 0x70) throw new FrameError(1002, "a frame has a reserved bit set");
    if ((this.#header[1] as number) & 0x80) throw new FrameError(1002, "a frame is masked");
    this.#isFinal = first >= 0x80;
    if (opcode >= opcodes.close) this.#checkControl(opcode, length);
    else this.#beginFragment(opcode, length);
    this.#opcode = opcode;
    this.#missing = length;
  }

  #checkControl(opcode: number, length: number): void {
    if (opcode > opcodes.ack) throw unknownOpcode(opcode);
    // RFC 6455 §5.5: 125 bytes, not fragmented. An opening has a path.
    if (!this.#isFinal || length > (opcode === opcodes.opening ? maxOpening : 125))
      throw new FrameError(1002, "a control frame is too long or in fragments");
  }

  #beginFragment(opcode: number, length: number): void {
    if (opcode > opcodes.binary) throw unknownOpcode(opcode);
    if (this.refusesMessages) throw new FrameError(1002, "the first frame is not an opening");
    if ((opcode === opcodes.continuation) !== (this.#messageOpcode !== undefined))
      throw new FrameError(1002, "a fragment is out of place");
    if (this.#message.length + length > this.#maxMessage)
      throw new FrameError(
        1009,
        `a message has more than ${this.#maxMessage} bytes (maxMessage of its receiver)`,
        "message_too_big",
      );
    this.#messageOpcode ??= opcode;
  }

  /**
   * Reads the payload as far as its bytes are there. Returns a copy of it if it is whole and stands alone, otherwise
   * appends it to `to`.
   */
  #readPayload(to: Payload): Bytes | undefined {
    const end = Math.min(this.#at + this.#missing, this.#chunk.length);
    const isAlone = this.#isFinal && to.length === 0 && end - this.#at === this.#missing;
    const expected = to.length + this.#missing;
    this.#missing -= end - this.#at;
    const start = this.#at;
    this.#at = end;
    if (isAlone) return this.#chunk.slice(start, end);
    if (end > start) to.append(this.#chunk.subarray(start, end), this.#isFinal ? expected : undefined);
    return undefined;
  }
}

/** The bytes of an unfinished message. */
class Payload {
  #bytes: Bytes = new Uint8Array(0);
  length = 0;

  /**
   * Grows by doubling: if each fragment made us copy those before it, a message in tiny fragments would take a time
   * that grows with the square of its length.
   * @param expected the length of the whole, if its last frame has begun
   */
  append(piece: Uint8Array, expected = Number.POSITIVE_INFINITY): void {
    const needed = this.length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(2 * needed, allocatedAtOnce), expected));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.length);
    this.length = needed;
  }

  take(): Bytes {
    const bytes = this.length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.length);
    this.#bytes = new Uint8Array(0);
    this.length = 0;
    return bytes;
  }
}

/** An acknowledgement is the number of messages received in the session, as decimal digits. */
export const encodeAck = (count: number): Uint8Array => new TextEncoder().encode(String(count));

function readAck(payload: Uint8Array): number {
  const digits = utf8Of(payload);
  if (!/^(0|[1-9]\d{0,15})$/.test(digits)) throw new FrameError(1002, "an acknowledgement is not a number");
  return Number(digits);
}

const unknownOpcode = (opcode: number): FrameError => new FrameError(1002, `a frame has the unknown opcode ${opcode}`);

function headerLengthOf(second: number): number {
  const length = second & 127;
  return length === 127 ? 10 : length === 126 ? 4 : 2;
}

function payloadLengthOf(header: Uint8Array): number {
  const short = (header[1] as number) & 127;
  if (short < 126) return short;
  const end = headerLengthOf(short);
  let length = 0;
  for (let i = 2; i < end; i++) length = length * 256 + (header[i] as number);
  // RFC 6455 §5.2: the length has the fewest bytes possible, and the first bit of eight is 0.
  if (length < (short === 126 ? 126 : 2 ** 16) || length >= 2 ** 63)
    throw new FrameError(1002, "a length is encoded in too many bytes");
  return length;
}
