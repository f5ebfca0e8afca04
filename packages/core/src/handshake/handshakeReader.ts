import { TlsError } from "../errors.ts";
import { maxCertificateMessage, maxClientHello, maxHandshakeMessage } from "../limits.ts";
import { certificate, clientHello, messageHeaderLength as headerLength, messageName } from "../wire/messages.ts";

/** By type, of those that may be longer than others. */
const limits: Readonly<Record<number, number>> = {
  [clientHello.id]: maxClientHello,
  [certificate.id]: maxCertificateMessage,
};

/**
 * Handshake messages out of the fragments of records, RFC 5246 §7.4: a record may hold several messages, and a message
 * may take several records. What waits for the rest of its message stands in one buffer: kept apart, fragments of a
 * byte would cost a hundred times their bytes.
 */
export class HandshakeReader {
  #buffer: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  append(fragment: Uint8Array): void {
    const length = this.pending;
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

  /** Bytes that are not taken yet. */
  get pending(): number {
    return this.#to - this.#from;
  }

  /** The type of the next message, once its first byte is there. */
  get type(): number | undefined {
    return this.pending ? this.#buffer?.[this.#from] : undefined;
  }

  /** Bytes of the next message with its header, once that is there. Throws where they are too many. */
  get length(): number | undefined {
    if (this.pending < headerLength) return undefined;
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

  /** The whole of the next message is there. */
  get isWhole(): boolean {
    const { length } = this;
    return length !== undefined && length <= this.pending;
  }

  /** The next message, which is whole: a copy of its own, so that the buffer can be collected. */
  take(): Uint8Array {
    const length = this.length as number;
    const message = this.#buffer?.slice(this.#from, this.#from + length) as Uint8Array;
    this.#from += length;
    if (!this.pending) this.#buffer = undefined;
    return message;
  }
}
