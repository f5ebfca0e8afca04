/**
 * Watches which WebSocket messages this process sends, and which records of TLS are in them.
 * It sees only the messages that `ws` is given, and nothing inside Handclasp.
 * @module
 */
import type { RawData } from "ws";

/** Sizes in the order in which they were sent. */
export interface Recording {
  /** Bytes of each message. */
  readonly messages: readonly number[];
  /** Bytes of plaintext in each record of application data, under AES-GCM. */
  readonly records: readonly number[];
}

const headerLength = 5;
const applicationData = 23;
/** The explicit part of the nonce, and the tag (RFC 5288 §3). */
const overhead = 8 + 16;

/** Starts a recording. The function that it returns ends it. */
export async function record(): Promise<() => Recording> {
  const { WebSocket } = await import("ws");
  const messages: number[] = [];
  const records = new RecordSizes();
  const original = WebSocket.prototype.send;
  WebSocket.prototype.send = function send(this: never, data: RawData, ...rest: never[]): void {
    const bytes = bytesOf(data);
    messages.push(bytes.length);
    records.take(bytes);
    original.call(this, data, ...(rest as [never]));
  };
  return () => {
    WebSocket.prototype.send = original;
    return { messages, records: records.sizes };
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError("a recording supports only messages in one buffer, not in a list of them");
}

/** Reads the headers of records from a stream of arbitrary chunks. */
class RecordSizes {
  readonly sizes: number[] = [];
  #header: number[] = [];
  /** The bytes of the current record that have not arrived. */
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
    if (type === applicationData) this.sizes.push(this.#left - overhead);
  }
}
