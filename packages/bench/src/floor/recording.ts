/**
 * Records the sizes of the WebSocket messages that this process sends, and of the TLS records in them.
 * The recorder sees only the bytes that Handclasp passes to `ws`, and no internals of Handclasp.
 * @module
 */
import type { RawData } from "ws";

/** The sizes of messages and records, in the order in which they were sent. */
export interface Recording {
  /** The length of each message in bytes. */
  readonly messages: readonly number[];
  /**
   * The length of the plaintext in each record of application data under AES-GCM, in bytes. Other records are left out.
   */
  readonly records: readonly number[];
}

const headerLength = 5;
const applicationData = 23;
/** The number of bytes that AES-GCM adds: the explicit part of the nonce, and the tag (RFC 5288 §3). */
const gcmOverhead = 8 + 16;

/** Starts to record. The returned function stops the recording and returns it. */
export async function startRecording(): Promise<() => Recording> {
  const { WebSocket } = await import("ws");
  const messages: number[] = [];
  const records = new RecordSizes();
  const originalSend = WebSocket.prototype.send;
  WebSocket.prototype.send = function send(this: never, data: RawData, ...rest: never[]): void {
    const bytes = bytesOf(data);
    messages.push(bytes.length);
    records.take(bytes);
    originalSend.call(this, data, ...(rest as [never]));
  };
  return () => {
    WebSocket.prototype.send = originalSend;
    return { messages, records: records.sizes };
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError("a recording expects each message in one buffer, not in an array of fragments");
}

/** Reads the headers of records in a stream that arrives in chunks of any size. */
class RecordSizes {
  readonly sizes: number[] = [];
  #header: number[] = [];
  /** The number of bytes of the current record that have not arrived yet. */
  #left = 0;

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(this.#left, bytes.length - at);
      this.#left -= skipped;
      at += skipped;
      while (this.#left === 0 && at < bytes.length && this.#header.length < headerLength)
        this.#header.push(bytes[at++] as number);
      if (this.#header.length === headerLength) this.#begin();
    }
  }

  #begin(): void {
    const [type, , , high = 0, low = 0] = this.#header.splice(0);
    this.#left = high * 256 + low;
    if (type === applicationData) this.sizes.push(this.#left - gcmOverhead);
  }
}
