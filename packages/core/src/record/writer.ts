/**
 * Sent records, RFC 5246 §6.2: fragmentation, protection, and the order of records while promises settle.
 * @module
 */
import { Writer } from "../bytes/writer.ts";
import { type Awaitable, isPromise } from "../flow.ts";
import { maxMessageLength } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes, headerLength, setRecordHeader } from "../wire/record.ts";
import type { Memory } from "./memory.ts";
import { noProtection, type Protection } from "./protection.ts";
import { type RecordTrace, traceRecord } from "./trace.ts";

export interface RecordWriterOptions extends RecordTrace {
  /** The largest fragment that we send, in bytes: 2^14 or less. */
  readonly maxFragment: number;
  /** The version in handshake records before a version is negotiated. Default {3, 3}. */
  readonly firstVersion?: number;
  /** The memory for records. */
  readonly memory: Memory;
  /** The writer calls this when a promise to seal a record has settled. It never calls this from inside a method. */
  readonly scheduleTake: () => void;
}

/** A record that is being sealed, or that waits for an earlier record to be sealed. */
interface Sealing {
  readonly type: ContentType;
  readonly record: Uint8Array;
  readonly fragment: Uint8Array;
  readonly protection: Protection;
  readonly sequenceNumber: number;
  settled: boolean;
  failed?: { readonly error: unknown };
}

export class RecordWriter {
  readonly #options: RecordWriterOptions;
  #protection: Protection = noProtection;
  #version: number;
  /** The largest fragment that we send, in bytes: now, and after the next ChangeCipherSpec. */
  #limit: number;
  #nextLimit: number | undefined;

  /** Records that `take` can return. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** The records after those in `#ready`, in order. */
  #sealing: Sealing[] = [];
  #sealingBytes = 0;
  /** Application data that is not in a record yet, and the length of the data in the last record made from it. */
  #collected: Writer | undefined;
  #lastCollected = 0;
  /** The memory for the next records, how much of it is used, and how many bytes the last nonempty `take` returned. */
  #buffer: Uint8Array | undefined;
  #bufferUsed = 0;
  #lastTaken = 0;
  #isHeld = false;
  /**
   * True once a record could not be sealed after it took a sequence number. The peer could then open no later record.
   */
  #isBroken = false;
  /** True once the provider has returned a promise. The first protected record, Finished, shows whether it does. */
  #isAsync = false;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#limit = options.maxFragment;
    this.#version = options.firstVersion ?? tls12;
  }

  /** From now on, every record has the version {3, 3}, which was negotiated. */
  useTls12(): void {
    this.#version = tls12;
  }
  /**
   * From now on, `take` returns no records until ChangeCipherSpec or an alert is sent. All of them then go into one
   * message of the transport, because a WebSocket message costs more than the records in it.
   */
  hold(): void {
    this.#isHeld = true;
  }
  /**
   * Sets the largest fragment that the peer accepts, in bytes: now (RFC 6066 §4), and after the next ChangeCipherSpec
   * (RFC 8449 §4).
   */
  setLimit(current: number, next: number | undefined): void {
    this.#limit = Math.min(this.#options.maxFragment, current);
    this.#nextLimit = next && Math.min(this.#options.maxFragment, next);
  }
  /** The number of bytes that `take` has returned. */
  sentBytes = 0;
  /** The number of records under the current keys. */
  get records(): number {
    return this.#protection.sequenceNumber;
  }

  changeState(protection: Protection): void {
    this.#isHeld = false;
    this.#protection = protection;
    this.#limit = this.#nextLimit ?? this.#limit;
  }

  /** The number of bytes that `take` has not returned yet: records, and data that is not in a record yet. */
  get pendingBytes(): number {
    return this.#sealingBytes + this.#readyBytes + (this.#collected?.length ?? 0);
  }
  /** True if no record waits to be sealed or taken. Records that `hold` keeps do not count. */
  get isDrained(): boolean {
    return this.#isHeld || this.#sealing.length + this.#ready.length === 0;
  }

  /**
   * Fragments, protects and queues a message. An empty message makes one empty record. Application data waits until it
   * fills a record, another message is sent, or `take` is called.
   */
  send(type: ContentType, message: Uint8Array): void {
    if (type === contentTypes.application_data && message.length) return this.#collect(message);
    if (type === contentTypes.alert) this.#isHeld = false;
    try {
      this.flush();
    } finally {
      // Even if the collected data cannot be sealed, an alert may still be sent.
      for (let at = 0; at === 0 || at < message.length; at += this.#limit)
        this.#submit(type, message.subarray(at, at + this.#limit));
    }
  }

  /**
   * Makes one record of many small writes, because one more record costs as much as 4 KiB more in a record. Data that
   * fills a record by itself is not collected.
   */
  #collect(data: Uint8Array): void {
    const limit = this.#limit;
    for (let at = 0; at < data.length; ) {
      const part = data.subarray(at, at + limit - (this.#collected?.length ?? 0));
      at += part.length;
      // The application may change its data before an asynchronous provider has read it.
      if (part.length === limit)
        this.#submit(contentTypes.application_data, this.#isAsync ? new Uint8Array(part) : part);
      else {
        this.#collected ??= new Writer(Math.min(limit, Math.max(part.length, this.#lastCollected)));
        if (this.#collected.put(part).length === limit) this.flush();
      }
    }
  }

  /** Makes a record of the collected data. Throws if it cannot be sealed. */
  flush(): void {
    if (!this.#collected) return;
    const data = this.#collected.done();
    this.#lastCollected = data.length;
    // An asynchronous provider may still read the data, so the next data gets memory of its own.
    this.#collected = undefined;
    this.#submit(contentTypes.application_data, data);
  }

  /**
   * Returns the sealed records, in order. Records from the same piece of memory are contiguous. Throws if a record
   * could not be sealed.
   */
  take(): Uint8Array[] {
    this.flush();
    let settled = 0;
    for (; this.#sealing[settled]?.settled; settled++) {
      const head = this.#sealing[settled] as Sealing;
      if (head.failed) {
        // The records that were sealed before this one stay in `#ready`. They are sent before the connection ends.
        this.#isBroken = true;
        this.drop();
        throw head.failed.error;
      }
      this.#sealingBytes -= head.record.length;
      this.#addReady(head);
    }
    if (settled) this.#sealing.splice(0, settled);
    // ChangeCipherSpec waits for the first record under the new keys.
    const [next] = this.#sealing;
    if (this.#isHeld || (next && next.protection !== noProtection && next.sequenceNumber === 0)) return [];
    const ready = this.#ready;
    if (this.#readyBytes) this.#lastTaken = this.#readyBytes;
    this.sentBytes += this.#readyBytes;
    this.#ready = [];
    this.#readyBytes = 0;
    this.#releaseBuffer();
    return ready;
  }

  /**
   * Discards the records that are still being sealed. Their memory is never released, because the provider may still
   * write to it.
   */
  drop(): void {
    this.#sealing = [];
    this.#sealingBytes = 0;
  }

  #submit(type: ContentType, fragment: Uint8Array): void {
    const protection = this.#protection;
    const { sequenceNumber } = protection;
    if (this.#isBroken) return;
    const length = protection.sealedLength(fragment.length);
    const record = this.#allocate(headerLength + length);
    setRecordHeader(record, type, type === contentTypes.handshake ? this.#version : tls12, length);
    const sealing: Sealing = { type, record, fragment, protection, sequenceNumber, settled: false };
    // Queued before it is sealed: a provider that sends on this connection during the call makes a later record.
    this.#sealing.push(sealing);
    this.#sealingBytes += record.length;
    let sealed: Awaitable<void>;
    try {
      sealed = protection.seal(type, fragment, record.subarray(headerLength));
    } catch (error) {
      this.#remove(sealing);
      // If `seal` failed because no sequence number is left for data, the reserved ones still serve for alerts.
      this.#isBroken = protection.sequenceNumber > sequenceNumber;
      throw error;
    }
    if (isPromise(sealed)) {
      const settle = (): void => {
        sealing.settled = true;
        this.#options.scheduleTake();
      };
      this.#isAsync = true;
      sealed.then(settle, (error: unknown) => {
        sealing.failed = { error };
        settle();
      });
    } else if (this.#sealing.length === 1) {
      this.#remove(sealing);
      this.#addReady(sealing);
    } else sealing.settled = true;
  }

  #remove(sealing: Sealing): void {
    this.#sealing = this.#sealing.filter((other) => other !== sealing);
    this.#sealingBytes -= sealing.record.length;
  }

  #addReady({ type, record, fragment, protection, sequenceNumber }: Sealing): void {
    this.#ready.push(record);
    this.#readyBytes += record.length;
    if (this.#options.trace)
      traceRecord(this.#options, "sent", type, protection !== noProtection, sequenceNumber, record, fragment);
  }

  #allocate(length: number): Uint8Array {
    if (!this.#buffer || this.#buffer.length - this.#bufferUsed < length) {
      this.#releaseBuffer();
      // As much as the last `take` returned: the records of a turn are then contiguous and are sent without a copy.
      this.#buffer = this.#options.memory.allocate(Math.max(length, Math.min(maxMessageLength, this.#lastTaken)));
    }
    const from = this.#bufferUsed;
    this.#bufferUsed += length;
    return this.#buffer.subarray(from, this.#bufferUsed);
  }

  /** Releases the unused memory. The next record gets new memory. */
  #releaseBuffer(): void {
    if (this.#buffer && this.#bufferUsed < this.#buffer.length)
      this.#options.memory.release(this.#buffer.subarray(this.#bufferUsed));
    this.#buffer = undefined;
    this.#bufferUsed = 0;
  }
}
