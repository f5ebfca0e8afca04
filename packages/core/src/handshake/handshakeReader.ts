import { TlsError } from "../errors.ts";
import { maxCertificateMessage, maxClientHello, maxHandshakeMessage } from "../limits.ts";
import { certificate, clientHello, messageHeaderLength as headerLength, messageName } from "../wire/messages.ts";

/** The limits for the bodies that may be longer than `maxHandshakeMessage`, in bytes, by type of message. */
const limits: Readonly<Record<number, number>> = {
  [clientHello.id]: maxClientHello,
  [certificate.id]: maxCertificateMessage,
};

/**
 * Reads handshake messages from the fragments of records, RFC 5246 §7.4. A record may hold several messages, and a
 * message may be split over several records. All pending bytes are in one buffer: a list of one-byte fragments would
 * take a hundred times the memory.
 */
export class HandshakeReader {
  #buffer: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  append(fragment: Uint8Array): void {
    const length = this.pendingBytes;
    const buffer = this.#buffer;
    if (buffer && this.#to + fragment.length <= buffer.length) buffer.set(fragment, this.#to);
    else {
      const larger = new Uint8Array(length ? Math.max(2 * length, length + fragment.length) : fragment.length);
      if (buffer) larger.set(buffer.subarray(this.#from, this.#to));
      larger.set(fragment, length);
      this.#buffer = larger;
      this.#from = 0;
      this.#to = length;
    }
    this.#to += fragment.length;
  }

  /** The number of bytes that wait to be taken. */
  get pendingBytes(): number {
    return this.#to - this.#from;
  }

  /** The type of the next message. `undefined` before its first byte has arrived. */
  get type(): number | undefined {
    return this.pendingBytes ? this.#buffer?.[this.#from] : undefined;
  }

  /**
   * The length of the next message with its header, in bytes. `undefined` before the header has arrived. Throws if the
   * body is longer than the limit.
   */
  get length(): number | undefined {
    if (this.pendingBytes < headerLength) return undefined;
    const buffer = this.#buffer as Uint8Array;
    const [type, high, middle, low] = buffer.subarray(this.#from) as unknown as [number, number, number, number];
    const length = (high << 16) | (middle << 8) | low;
    const limit = limits[type] ?? maxHandshakeMessage;
    if (length > limit)
      throw new TlsError("illegal_parameter", `${messageName(type)} of ${length} bytes, at most ${limit} accepted`, {
        code: "excessive_message_size",
      });
    return headerLength + length;
  }

  /** Whether the whole next message has arrived. */
  get isWhole(): boolean {
    const { length } = this;
    return length !== undefined && length <= this.pendingBytes;
  }

  /** Takes the next message, which must be whole. Returns a copy, so that the buffer can be collected. */
  take(): Uint8Array {
    const length = this.length as number;
    const message = this.#buffer?.slice(this.#from, this.#from + length) as Uint8Array;
    this.#from += length;
    if (!this.pendingBytes) this.#buffer = undefined;
    return message;
  }
}
