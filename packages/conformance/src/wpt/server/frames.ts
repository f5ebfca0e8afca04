/**
 * The frames of RFC 6455 §5.2 over any stream of bytes, as the tests' server reads and writes them. It does not use the
 * framing of @handclasp/core, so that a mistake there is not made on both sides.
 * @module
 */

/** A stream of bytes: a TCP connection after the upgrade, or a channel of Handclasp. */
export interface ByteStream {
  /** Returns more bytes, or `undefined` at the end. It reads nothing ahead, so a server that sleeps stops its peer. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the layer below has room for more. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  /** Ends without a farewell. */
  abort(): void;
}

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10, opening: 11 } as const;

export interface Frame {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 2 ** 16 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 126 ? length : length < 2 ** 16 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** A Close frame: with a code and a reason, or empty. */
export const encodeClose = (code?: number, reason = ""): Buffer => {
  const codeBytes = Buffer.alloc(2);
  codeBytes.writeUInt16BE(code ?? 0);
  return encodeFrame(
    opcodes.close,
    code === undefined ? Buffer.alloc(0) : Buffer.concat([codeBytes, Buffer.from(reason)]),
  );
};

export class FrameReader {
  readonly #stream: ByteStream;
  #bytes = Buffer.alloc(0);

  /** @param first bytes that were read already */
  constructor(stream: ByteStream, first: Uint8Array = new Uint8Array(0)) {
    this.#stream = stream;
    this.#bytes = Buffer.from(first);
  }

  /** Reads the next frame, or `undefined` at the end of the stream. */
  async next(): Promise<Frame | undefined> {
    const head = await this.#take(2);
    if (!head) return undefined;
    const [first = 0, second = 0] = head;
    const length = await this.#lengthOf(second & 0x7f);
    const mask = second & 0x80 ? await this.#take(4) : Buffer.alloc(4);
    const payload = length === undefined ? undefined : await this.#take(length);
    if (!mask || !payload) return undefined;
    if (second & 0x80) for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
    return { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload };
  }

  async #lengthOf(short: number): Promise<number | undefined> {
    if (short < 126) return short;
    const bytes = await this.#take(short === 126 ? 2 : 8);
    if (!bytes) return undefined;
    return short === 126 ? bytes.readUInt16BE() : Number(bytes.readBigUInt64BE());
  }

  async #take(length: number): Promise<Buffer | undefined> {
    const pieces = [this.#bytes];
    for (let missing = length - this.#bytes.length; missing > 0; ) {
      const piece = await this.#stream.read();
      if (!piece) return undefined;
      pieces.push(Buffer.from(piece));
      missing -= piece.length;
    }
    const bytes = pieces.length > 1 ? Buffer.concat(pieces) : this.#bytes;
    this.#bytes = bytes.subarray(length);
    return Buffer.from(bytes.subarray(0, length));
  }
}
