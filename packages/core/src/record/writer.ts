/**
 * Records that go out, RFC 5246 §6.2: fragments, protection, and the order of both while promises settle.
 * @module
 */
import { Writer } from "../bytes/writer.ts";
import { type Awaitable, isPromise } from "../flow.ts";
import { maxFlushMessage } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes, headerLength, setRecordHeader } from "../wire/record.ts";
import type { Memory } from "./memory.ts";
import { type Protection, plaintext } from "./protection.ts";
import { type RecordTrace, traceRecord } from "./trace.ts";

export interface RecordWriterOptions extends RecordTrace {
  /** The most bytes of a fragment that we send, 2^14 or less. */
  readonly maxFragment: number;
  /** What handshake records say until a version is agreed. Default {3, 3}. */
  readonly firstVersion?: number;
  /** Lends the memory for records. */
  readonly memory: Memory;
  /** The writer calls this when a record that it waited for can be taken, and never from inside a method. */
  readonly wake: () => void;
}

/** A record that is being sealed, or stands behind one that is. */
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
  #protection: Protection = plaintext;
  #version: number;
  /** The most bytes of a fragment that we send: now, and from the next change of keys on. */
  #limit: number;
  #protectedLimit: number | undefined;

  /** Records that can be taken. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** Records behind those, in order: the first of them is still being sealed. */
  #sealing: Sealing[] = [];
  #sealingBytes = 0;
  /** Data that is not a record yet, and how many bytes of it the last such record had. */
  #collected: Writer | undefined;
  #lastCollected = 0;
  /** The memory for the next records, how much of it is used, and how many bytes the last `take` gave out. */
  #slab: Uint8Array | undefined;
  #slabUsed = 0;
  #lastTaken = 0;
  #held = false;
  /** A number was used up for a record that could not be sealed: the peer would take each later one for altered. */
  #broken = false;
  /** The provider answers later: known from the first record under its keys on, which is Finished. */
  #late = false;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#limit = options.maxFragment;
    this.#version = options.firstVersion ?? tls12;
  }

  /** The two sides have agreed on a version. */
  requireVersion(): void {
    this.#version = tls12;
  }
  /**
   * Records wait from now on, until ChangeCipherSpec or an alert: a WebSocket message costs more than the records in
   * it.
   */
  hold(): void {
    this.#held = true;
  }
  /**
   * The most bytes of a fragment that the peer takes: now (RFC 6066 §4), and from the next change of keys on (RFC 8449
   * §4).
   */
  limit(now: number, underKeys: number | undefined): void {
    this.#limit = Math.min(this.#options.maxFragment, now);
    this.#protectedLimit = underKeys && Math.min(this.#options.maxFragment, underKeys);
  }
  /** Bytes that were taken, and records under the present keys. */
  bytes = 0;
  get records(): number {
    return this.#protection.sequenceNumber;
  }

  changeState(protection: Protection): void {
    this.#held = false;
    this.#protection = protection;
    this.#limit = this.#protectedLimit ?? this.#limit;
  }

  /** Bytes that were sent and not taken yet. */
  get pending(): number {
    return this.#sealingBytes + this.#readyBytes + (this.#collected?.length ?? 0);
  }
  /** No record waits to be sealed or taken. Records that are held do not count. */
  get idle(): boolean {
    return this.#held || this.#sealing.length + this.#ready.length === 0;
  }

  /**
   * Fragments, protects and queues. An empty message makes one empty record. Data waits for more of it, until there is
   * a whole record or `take` is called.
   */
  send(type: ContentType, message: Uint8Array): void {
    if (type === contentTypes.application_data && message.length) return this.#collect(message);
    if (type === contentTypes.alert) this.#held = false;
    try {
      this.seal();
    } finally {
      // If the data cannot be sealed, the alert that says so still goes out.
      for (let at = 0; at === 0 || at < message.length; at += this.#limit)
        this.#submit(type, message.subarray(at, at + this.#limit));
    }
  }

  /**
   * Many small writes make one record, since sealing one costs as much as 4 KiB in it. Data of a whole record is not
   * copied.
   */
  #collect(data: Uint8Array): void {
    const most = this.#limit;
    for (let at = 0; at < data.length; ) {
      const part = data.subarray(at, at + most - (this.#collected?.length ?? 0));
      at += part.length;
      // A provider that answers later would read what the application may have changed by then.
      if (part.length === most) this.#submit(contentTypes.application_data, this.#late ? new Uint8Array(part) : part);
      else {
        this.#collected ??= new Writer(Math.min(most, Math.max(part.length, this.#lastCollected)));
        if (this.#collected.put(part).length === most) this.seal();
      }
    }
  }

  /** Makes a record of the data that was collected. Throws what sealing threw. */
  seal(): void {
    if (!this.#collected) return;
    const data = this.#collected.done();
    this.#lastCollected = data.length;
    // A provider that answers later still reads it by then: the next ones get memory of their own.
    this.#collected = undefined;
    this.#submit(contentTypes.application_data, data);
  }

  /**
   * Everything that is ready, in order; records that were built together stand one behind the other. Throws what
   * sealing threw.
   */
  take(): Uint8Array[] {
    this.seal();
    let settled = 0;
    for (; this.#sealing[settled]?.settled; settled++) {
      const head = this.#sealing[settled] as Sealing;
      if (head.failed) {
        // Records that were sealed before it stay, and go out before the end.
        this.#broken = true;
        this.drop();
        throw head.failed.error;
      }
      this.#sealingBytes -= head.record.length;
      this.#isReady(head);
    }
    if (settled) this.#sealing.splice(0, settled);
    // ChangeCipherSpec goes with the first record under its keys.
    const [next] = this.#sealing;
    if (this.#held || (next && next.protection !== plaintext && next.sequenceNumber === 0)) return [];
    const ready = this.#ready;
    if (this.#readyBytes) this.#lastTaken = this.#readyBytes;
    this.bytes += this.#readyBytes;
    this.#ready = [];
    this.#readyBytes = 0;
    this.#retireSlab();
    return ready;
  }

  /**
   * Forgets the records that are still being sealed: they do not go out. Their memory is never given back, since the
   * provider may still write there.
   */
  drop(): void {
    this.#sealing = [];
    this.#sealingBytes = 0;
  }

  #submit(type: ContentType, fragment: Uint8Array): void {
    const protection = this.#protection;
    const { sequenceNumber } = protection;
    if (this.#broken) return;
    const length = protection.sealedLength(fragment.length);
    const record = this.#room(headerLength + length);
    setRecordHeader(record, type, type === contentTypes.handshake ? this.#version : tls12, length);
    const sealing: Sealing = { type, record, fragment, protection, sequenceNumber, settled: false };
    // In its place before it is sealed: a provider that sends on this connection meanwhile takes a later number.
    this.#sealing.push(sealing);
    this.#sealingBytes += record.length;
    let sealed: Awaitable<void>;
    try {
      sealed = protection.seal(type, fragment, record.subarray(headerLength));
    } catch (error) {
      this.#takeOut(sealing);
      // Not so where no number is left: the last ones are kept for alerts.
      this.#broken = protection.sequenceNumber > sequenceNumber;
      throw error;
    }
    if (isPromise(sealed)) {
      const settle = (): void => {
        sealing.settled = true;
        this.#options.wake();
      };
      this.#late = true;
      sealed.then(settle, (error: unknown) => {
        sealing.failed = { error };
        settle();
      });
    } else if (this.#sealing.length === 1) {
      this.#takeOut(sealing);
      this.#isReady(sealing);
    } else sealing.settled = true;
  }

  #takeOut(sealing: Sealing): void {
    this.#sealing = this.#sealing.filter((one) => one !== sealing);
    this.#sealingBytes -= sealing.record.length;
  }

  #isReady({ type, record, fragment, protection, sequenceNumber }: Sealing): void {
    this.#ready.push(record);
    this.#readyBytes += record.length;
    if (this.#options.trace)
      traceRecord(this.#options, "sent", type, protection !== plaintext, sequenceNumber, record, fragment);
  }

  /** Room for a record of `length` bytes. */
  #room(length: number): Uint8Array {
    if (!this.#slab || this.#slab.length - this.#slabUsed < length) {
      this.#retireSlab();
      // As much as the last `take` gave out: then all records of a turn stand in one piece of memory, and nobody has to
      // join them.
      this.#slab = this.#options.memory.take(Math.max(length, Math.min(maxFlushMessage, this.#lastTaken)));
    }
    const from = this.#slabUsed;
    this.#slabUsed += length;
    return this.#slab.subarray(from, this.#slabUsed);
  }

  /** The next record gets other memory. */
  #retireSlab(): void {
    if (this.#slab && this.#slabUsed < this.#slab.length)
      this.#options.memory.give(this.#slab.subarray(this.#slabUsed));
    this.#slab = undefined;
    this.#slabUsed = 0;
  }
}
