/**
 * Builds WebSocket frames (RFC 6455 §5.2), because no library sends the frames that the attacks need.
 * @module
 */

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
type Opcode = (typeof opcodes)[keyof typeof opcodes];

export interface FrameOptions {
  /** False for each fragment of a message except the last. Default true. */
  readonly fin?: boolean;
  /** Masks the frame, as a client must and a server must not. Default true. */
  readonly masked?: boolean;
  /** The length in the frame's header. Default: the length of `payload`. */
  readonly claimed?: number;
}

const mask = Buffer.from([0x5a, 0xc3, 0x96, 0x0f]);

export function frame(opcode: Opcode, payload: Uint8Array, options: FrameOptions = {}): Buffer {
  const { fin = true, masked = true, claimed = payload.length } = options;
  const length = lengthOf(claimed);
  length[0] = (length[0] ?? 0) | (masked ? 0x80 : 0);
  const first = Buffer.from([(fin ? 0x80 : 0) | opcode]);
  if (!masked) return Buffer.concat([first, length, payload]);
  const covered = Buffer.from(payload);
  for (let i = 0; i < covered.length; i++) covered[i] = (covered[i] as number) ^ (mask[i & 3] as number);
  return Buffer.concat([first, length, mask, covered]);
}

/** One binary message in fragments of `size` bytes. `between` follows each fragment except the last. */
export function fragments(message: Uint8Array, size: number, masked: boolean, between?: Uint8Array): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const opcode = at === 0 ? opcodes.binary : opcodes.continuation;
    const fin = at + size >= message.length;
    frames.push(frame(opcode, message.subarray(at, at + size), { fin, masked }));
    if (between && !fin) frames.push(Buffer.from(between));
  }
  return frames;
}

function lengthOf(length: number): Buffer {
  if (length < 126) return Buffer.from([length]);
  const long = length >= 2 ** 16;
  const bytes = Buffer.alloc(long ? 9 : 3, long ? 127 : 126);
  if (long) bytes.writeBigUInt64BE(BigInt(length), 1);
  else bytes.writeUInt16BE(length, 1);
  return bytes;
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Parses the frames that the victim sends, which are valid. */
export class FrameReader {
  #received: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Frame[] {
    this.#received = Buffer.concat([this.#received, bytes]);
    const frames: Frame[] = [];
    for (let next = this.#next(); next; next = this.#next()) frames.push(next);
    return frames;
  }

  #next(): Frame | undefined {
    const received = this.#received;
    if (received.length < 2) return undefined;
    const short = (received[1] as number) & 0x7f;
    const masked = ((received[1] as number) & 0x80) !== 0;
    const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (received.length < start) return undefined;
    const length =
      short === 126 ? received.readUInt16BE(2) : short === 127 ? Number(received.readBigUInt64BE(2)) : short;
    const from = start + (masked ? 4 : 0);
    if (received.length < from + length) return undefined;
    const payload = Buffer.from(received.subarray(from, from + length));
    if (masked)
      for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (received[start + (i & 3)] as number);
    this.#received = received.subarray(from + length);
    return { opcode: (received[0] as number) & 0x0f, payload };
  }
}
