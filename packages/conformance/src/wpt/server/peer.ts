import { type ByteStream, encodeClose, encodeFrame, type FrameReader, opcodes } from "./frames.ts";

export type Message = string | Buffer;

/** The code and the reason of a Close. An empty Close has no code. */
export interface CloseInfo {
  readonly code?: number | undefined;
  readonly reason?: string;
}

/** Returns the answer to a Close that the client sent first, or `undefined` to end without one. */
export type AnswerClose = (close: CloseInfo) => CloseInfo | undefined | Promise<CloseInfo | undefined>;

/**
 * The server's end of a WebSocket. It reads only while it waits for a message, so a behaviour that does something else
 * holds back the client, as a handler of WPT does.
 */
export class Peer {
  readonly #stream: ByteStream;
  readonly #reader: FrameReader;
  readonly #answerClose: AnswerClose;
  #hasSentClose = false;
  #hasEnded = false;

  constructor(stream: ByteStream, reader: FrameReader, answerClose: AnswerClose) {
    this.#stream = stream;
    this.#reader = reader;
    this.#answerClose = answerClose;
  }

  /** The next message, or `undefined` once the client has closed or gone. */
  async receive(): Promise<Message | undefined> {
    const pieces: Buffer[] = [];
    let type = 0;
    while (!this.#hasEnded) {
      const frame = await this.#reader.next();
      if (!frame) this.#hasEnded = true;
      else if (frame.opcode === opcodes.ping) await this.#stream.write(encodeFrame(opcodes.pong, frame.payload));
      else if (frame.opcode === opcodes.close) await this.#handleClose(frame.payload);
      else if (frame.opcode < opcodes.close) {
        type ||= frame.opcode;
        pieces.push(frame.payload);
        if (!frame.isFinal) continue;
        const payload = Buffer.concat(pieces);
        return type === opcodes.text ? payload.toString() : payload;
      }
    }
    return undefined;
  }

  /** Resolves when the layer below has room for more. */
  async send(message: Message): Promise<void> {
    if (this.#hasSentClose) return;
    const frame =
      typeof message === "string"
        ? encodeFrame(opcodes.text, Buffer.from(message))
        : encodeFrame(opcodes.binary, message);
    await this.#stream.write(frame);
  }

  async sendPing(): Promise<void> {
    await this.#stream.write(encodeFrame(opcodes.ping, Buffer.from("ping")));
  }

  /** Sends bytes as they are, without a frame around them. */
  async sendRaw(bytes: Message): Promise<void> {
    await this.#stream.write(Buffer.from(bytes));
  }

  /** Closes, unless this end has closed already. Waits for the client's Close. */
  async close(code?: number, reason?: string): Promise<void> {
    if (!this.#hasSentClose) {
      this.#hasSentClose = true;
      await this.#stream.write(encodeClose(code, reason));
    }
    while ((await this.receive()) !== undefined);
    this.#stream.end();
  }

  abort(): void {
    this.#hasEnded = true;
    this.#hasSentClose = true;
    this.#stream.abort();
  }

  async #handleClose(payload: Buffer): Promise<void> {
    if (!this.#hasSentClose) {
      const received = payload.length
        ? { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() }
        : { code: undefined, reason: "" };
      const answer = await this.#answerClose(received);
      if (!answer) return this.abort();
      this.#hasSentClose = true;
      await this.#stream.write(encodeClose(answer.code, answer.reason));
    }
    this.#hasEnded = true;
  }
}
