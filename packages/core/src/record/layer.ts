/**
 * The record layer, RFC 5246 §6: bytes to records and back, fragments, and the change of keys.
 * What is sealed or opened may be a promise; a FIFO each way keeps the order.
 * @module
 */
import { concat, join } from "../bytes/bytes.ts";
import { Writer } from "../bytes/writer.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, ignore, isPromise } from "../flow.ts";
import { itemOverhead, maxEmptyRecords, maxExpansion, maxFlushMessage, maxPlaintext } from "../limits.ts";
import type { TraceEvent } from "../trace.ts";
import { tls12 } from "../wire/messages.ts";
import {
  type ContentType,
  contentTypeName,
  contentTypes,
  headerLength,
  isContentType,
  recordHeader,
  setRecordHeader,
} from "../wire/record.ts";
import type { InPlace, Protection } from "./protection.ts";

export interface TlsRecord {
  readonly type: ContentType;
  readonly fragment: Uint8Array;
}

export interface RecordLayerOptions {
  /** Bytes of a fragment that we send, at most 2^14. */
  readonly maxFragment: number;
  /** What handshake records say until the peer has said something. Default {3, 3}. */
  readonly firstVersion?: number;
  /** Called when something that was promised is ready to be taken. Never from inside a method. */
  readonly wake: () => void;
  readonly trace: ((event: TraceEvent) => void) | undefined;
  /** Show the plaintext of application data in the trace. */
  readonly traceSecrets: boolean;
}

/** What both sides agreed on in their hellos, bytes of a fragment. */
export interface RecordLimits {
  /** Of every record from now on, either way (RFC 6066 §4). */
  readonly maxFragmentLength: number | undefined;
  /** Of records under keys, what the peer takes and what we do (RFC 8449 §4). */
  readonly recordSizeLimit: { readonly send: number; readonly receive: number } | undefined;
}

/** A record on its way out that is being sealed, or stands behind one that is: without a body it is not ready. */
interface Sealing {
  readonly type: ContentType;
  readonly sequenceNumber: number;
  readonly fragment: Uint8Array;
  body?: Uint8Array;
  failed?: { readonly error: unknown };
}

/** A record on its way in, counted and traced once it is its turn. */
interface Opening {
  readonly type: ContentType;
  /** With its header. */
  readonly record: Uint8Array;
  readonly opened: Awaitable<Uint8Array>;
  readonly sequenceNumber: number;
  readonly read: Protection | undefined;
}

/** Ciphertext in flight to a provider that answers later. */
const maxInFlight = 2 ** 19;

/** Pieces below `itemOverhead` bytes are put together in buffers of so many. */
const smallBuffer = 2 ** 12;

export class RecordLayer {
  readonly #options: RecordLayerOptions;
  #write: Protection | undefined;
  #read: Protection | undefined;
  /** Bytes of a fragment: what we send and what we take, and what that becomes when keys change. */
  #sendLimit: number;
  #receiveLimit: number = maxPlaintext;
  #protectedLimit: RecordLimits["recordSizeLimit"];

  /** Ready to be taken: records, or parts of them. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** Behind those. */
  readonly #outbound: Sealing[] = [];
  #outboundBytes = 0;
  /** Data that is not a record yet, and how much of it the last record had. */
  #collected: Writer | undefined;
  #lastCollected = 0;
  /** What records are built in, the part of it that is used, and how much was used of the one before. */
  #slab: Uint8Array | undefined;
  #slabUsed = 0;
  #lastFlush = 0;
  #inbound: Uint8Array[] = [];
  /** How much of the first of them is read. */
  #inboundAt = 0;
  #inboundBytes = 0;
  #small: Uint8Array | undefined;
  readonly #opening: Opening[] = [];
  #openingBytes = 0;
  #held = false;
  #emptyRecords = 0;
  /** Set once a record is bad: nothing behind it is looked at. */
  #broken = false;
  /** A first record may say any 3.x (RFC 5246 §E.1); an agreed connection says 3.3. */
  #strictVersion = false;
  /** A record has come. */
  #heard = false;

  constructor(options: RecordLayerOptions) {
    this.#options = options;
    this.#sendLimit = options.maxFragment;
  }

  /** From here on every record must carry the version that was agreed. */
  requireVersion(): void {
    this.#strictVersion = true;
  }
  /** What is sent waits for ChangeCipherSpec, or for an alert: a WebSocket message costs more than the records in it. */
  hold(): void {
    this.#held = true;
  }
  /** What the peer takes beside our own bound, and what we take: RFC 6066 at once, RFC 8449 once there are keys. */
  limit({ maxFragmentLength = maxPlaintext, recordSizeLimit }: RecordLimits): void {
    this.#sendLimit = Math.min(this.#options.maxFragment, maxFragmentLength);
    this.#receiveLimit = maxFragmentLength;
    this.#protectedLimit = recordSizeLimit;
  }
  changeWriteState(protection: Protection): void {
    this.#held = false;
    this.#write = protection;
    if (this.#protectedLimit) this.#sendLimit = Math.min(this.#options.maxFragment, this.#protectedLimit.send);
  }
  changeReadState(protection: Protection): void {
    this.#read = protection;
    if (this.#protectedLimit) this.#receiveLimit = this.#protectedLimit.receive;
  }

  /** Bytes that were sent but could not be taken yet. */
  get pendingOut(): number {
    return this.#outboundBytes + this.#readyBytes + (this.#collected?.length ?? 0);
  }
  /** Nothing that was sent waits to be sealed or taken; what is held has nobody to wait for it. */
  get idleOut(): boolean {
    return this.#held || this.#outbound.length + this.#ready.length === 0;
  }
  /** Bytes that came in and wait to be read. */
  get pendingIn(): number {
    return this.#inboundBytes + this.#openingBytes;
  }

  // ---- out

  /** Fragments, protects and queues. An empty message makes one empty record. Data waits for more of it, until there is a whole record or somebody takes. */
  send(type: ContentType, message: Uint8Array): void {
    if (type === contentTypes.application_data && message.length) return this.#collect(message);
    if (type === contentTypes.alert) this.#held = false;
    try {
      this.seal();
    } finally {
      // Data that cannot be sealed does not take the alert that says so with it.
      this.#fragment(type, message);
    }
  }

  /** Many small writes are one record: to seal one costs as much as 4 KiB in it. Whole records are sealed from where they stand. */
  #collect(data: Uint8Array): void {
    const most = this.#sendLimit;
    for (let at = 0; at < data.length; ) {
      const part = data.subarray(at, at + most - (this.#collected?.length ?? 0));
      at += part.length;
      if (part.length === most) this.#submit(contentTypes.application_data, part);
      else {
        this.#collected ??= new Writer(Math.min(most, Math.max(part.length, this.#lastCollected)));
        if (this.#collected.put(part).length === most) this.seal();
      }
    }
  }

  /** Makes a record of data that waits for more. Throws what sealing threw. */
  seal(): void {
    if (!this.#collected) return;
    const data = this.#collected.done();
    this.#lastCollected = data.length;
    // A provider that answers later still reads it by then: the next ones get memory of their own.
    this.#collected = undefined;
    this.#submit(contentTypes.application_data, data);
  }

  #fragment(type: ContentType, message: Uint8Array): void {
    let at = 0;
    do {
      const fragment = message.subarray(at, at + this.#sendLimit);
      this.#submit(type, fragment);
      at += fragment.length;
    } while (at < message.length);
  }

  /** Everything that is ready, in order; what was built in place stands one behind the other. Throws what sealing threw. */
  take(): Uint8Array[] {
    this.seal();
    for (let head = this.#outbound[0]; head?.body || head?.failed; head = this.#outbound[0]) {
      const { type, sequenceNumber, fragment, body, failed } = head;
      if (!body) {
        // What was sealed before it stays, and goes out before the alert.
        this.#outbound.length = 0;
        this.#outboundBytes = 0;
        throw failed?.error;
      }
      const header = recordHeader(type, tls12, body.length);
      this.#ready.push(header, body);
      this.#outboundBytes -= body.length;
      this.#outbound.shift();
      if (this.#options.trace) this.#trace("sent", type, this.#write, sequenceNumber, concat(header, body), fragment);
    }
    // ChangeCipherSpec goes with the first record under its keys.
    if (this.#held || this.#outbound[0]?.sequenceNumber === 0) return [];
    const ready = this.#ready;
    if (this.#readyBytes) this.#lastFlush = this.#readyBytes;
    this.#ready = [];
    this.#readyBytes = 0;
    this.#slab = undefined;
    return ready;
  }

  /** Room for a record of `length` bytes. */
  #room(inPlace: InPlace, length: number): Uint8Array {
    if (!this.#slab || this.#slab.length - this.#slabUsed < length) {
      // As much as the last flush took, so that all of a turn's records come to stand in one buffer, which nobody has to join.
      this.#slab = inPlace.allocate(Math.max(length, Math.min(maxFlushMessage, this.#lastFlush)));
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed;
    this.#slabUsed += length;
    return this.#slab.subarray(from, this.#slabUsed);
  }

  #submit(type: ContentType, fragment: Uint8Array): void {
    const write = this.#write;
    const sequenceNumber = write?.sequenceNumber ?? 0;
    const isReady = (record: Uint8Array): void => {
      this.#ready.push(record);
      this.#readyBytes += record.length;
      this.#trace("sent", type, write, sequenceNumber, record, fragment);
    };
    if (write?.inPlace) {
      const length = fragment.length + write.inPlace.overhead;
      const record = this.#room(write.inPlace, headerLength + length);
      setRecordHeader(record, type, tls12, length);
      write.inPlace.sealInto(type, fragment, record.subarray(headerLength));
      return isReady(record);
    }
    const sealed = write ? write.seal(type, fragment) : fragment;
    if (!isPromise(sealed) && !this.#outbound.length) {
      const isFirst = !this.#heard && type === contentTypes.handshake;
      const version = (isFirst && this.#options.firstVersion) || tls12;
      return isReady(concat(recordHeader(type, version, sealed.length), sealed));
    }
    const sealing: Sealing = { type, sequenceNumber, fragment };
    this.#outbound.push(sealing);
    const done = (body: Uint8Array): void => {
      sealing.body = body;
      this.#outboundBytes += body.length;
    };
    if (!isPromise(sealed)) return done(sealed);
    this.#outboundBytes += fragment.length;
    sealed.then(
      (body) => {
        this.#outboundBytes -= fragment.length;
        done(body);
        this.#options.wake();
      },
      (error: unknown) => {
        sealing.failed = { error };
        this.#options.wake();
      },
    );
  }

  // ---- in

  feed(bytes: Uint8Array): void {
    if (!bytes.length || this.#broken) return;
    this.#inboundBytes += bytes.length;
    if (bytes.length < itemOverhead && this.#inbound.length) this.#gather(bytes);
    else this.#inbound.push(bytes);
  }

  /** Small pieces behind others share a buffer: kept one by one, they would cost a hundred times their bytes. */
  #gather(bytes: Uint8Array): void {
    const last = this.#inbound.at(-1);
    const end = this.#small && last?.buffer === this.#small.buffer ? last.byteOffset + last.length : undefined;
    if (this.#small && last && end !== undefined && end + bytes.length <= this.#small.length) {
      this.#small.set(bytes, end);
      this.#inbound[this.#inbound.length - 1] = this.#small.subarray(last.byteOffset, end + bytes.length);
      return;
    }
    this.#small = new Uint8Array(smallBuffer);
    this.#small.set(bytes);
    this.#inbound.push(this.#small.subarray(0, bytes.length));
  }

  /** The next record, `undefined` while it is not complete. With `ahead`, application data that arrived together is opened together. */
  next(ahead: boolean): Awaitable<TlsRecord> | undefined {
    if (!this.#opening.length) {
      const first = this.#openOne();
      // Who answers at once leaves nobody behind it to wait for its turn.
      if (!first) return undefined;
      if (!isPromise(first.opened)) return this.#finish(first, first.opened);
      this.#queue(first);
    }
    while (
      ahead &&
      this.#openingBytes < maxInFlight &&
      this.#peekType() === contentTypes.application_data &&
      this.#mayOpenAhead()
    )
      if (!this.#openAhead()) break;
    const head = this.#opening.shift() as Opening;
    this.#openingBytes -= head.record.length + itemOverhead;
    return isPromise(head.opened)
      ? head.opened.then((fragment) => this.#finish(head, fragment))
      : this.#finish(head, head.opened);
  }

  #queue(opening: Opening): void {
    // A second `open` that rejects behind a failed head must not end the process as an unhandled rejection.
    if (isPromise(opening.opened)) opening.opened.then(null, ignore);
    this.#opening.push(opening);
    this.#openingBytes += opening.record.length + itemOverhead;
  }

  /** A record that is bad on its face must not hide those before it, which are still being opened. */
  #openAhead(): boolean {
    try {
      const next = this.#openOne();
      if (next) this.#queue(next);
      return next !== undefined;
    } catch (error) {
      this.#queue({
        type: contentTypes.application_data,
        record: new Uint8Array(0),
        opened: Promise.reject(error),
        sequenceNumber: 0,
        read: this.#read,
      });
      return false;
    }
  }

  /** Nothing behind an alert, handshake or ChangeCipherSpec record is opened before that is done. */
  #mayOpenAhead(): boolean {
    const last = this.#opening.at(-1);
    return last !== undefined && last.type === contentTypes.application_data && isPromise(last.opened);
  }

  /** The next record on its way, `undefined` while it is not complete. */
  #openOne(): Opening | undefined {
    if (this.#broken) return undefined;
    if (this.#inboundBytes < headerLength) return undefined;
    const head = this.#contiguous(headerLength);
    const at = this.#inboundAt;
    const type = head[at] as number;
    const version = ((head[at + 1] as number) << 8) | (head[at + 2] as number);
    const length = ((head[at + 3] as number) << 8) | (head[at + 4] as number);
    this.#checkHeader(type, version, length);
    if (this.#inboundBytes < headerLength + length) return undefined;
    const record = this.#takeIn(headerLength + length);
    this.#heard = true;
    const sequenceNumber = this.#read?.sequenceNumber ?? 0;
    const opened = this.#open(type as ContentType, record.subarray(headerLength));
    return { type: type as ContentType, record, opened, sequenceNumber, read: this.#read };
  }

  #open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array> {
    try {
      return this.#read ? this.#read.open(type, body) : body;
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }

  #finish({ type, record, sequenceNumber, read }: Opening, fragment: Uint8Array): TlsRecord {
    this.#trace("received", type, read, sequenceNumber, record, fragment);
    this.#checkLength(fragment.length, this.#receiveLimit);
    this.#countEmpty(type, fragment);
    return { type, fragment };
  }

  #checkHeader(type: number, version: number, length: number): void {
    if (!isContentType(type)) {
      this.#broken = true;
      const isHttp = looksLikeHttp(type);
      throw new TlsError(
        "unexpected_message",
        `record type ${type}: ${isHttp ? "this looks like plain HTTP" : "this is not TLS"}`,
        { code: isHttp ? "plain_http" : "not_tls" },
      );
    }
    if (this.#strictVersion ? version !== tls12 : version >> 8 !== 3) {
      this.#broken = true;
      throw new TlsError("protocol_version", `record version 0x${version.toString(16).padStart(4, "0")}`);
    }
    this.#checkLength(length, this.#receiveLimit + (this.#read ? maxExpansion : 0));
  }

  #checkLength(length: number, most: number): void {
    if (length <= most) return;
    this.#broken = true;
    throw new TlsError("record_overflow", `a record of ${length} bytes, at most ${most} allowed`);
  }

  #countEmpty(type: number, fragment: Uint8Array): void {
    if (!fragment.length && type === contentTypes.handshake)
      throw new TlsError("unexpected_message", "an empty handshake record (RFC 5246 §6.2.1)", {
        code: "empty_fragment",
      });
    // An alert between them says no more than they do.
    if (type === contentTypes.alert && fragment.length) return;
    this.#emptyRecords = fragment.length ? 0 : this.#emptyRecords + 1;
    if (this.#emptyRecords > maxEmptyRecords)
      throw new TlsError("unexpected_message", `more than ${maxEmptyRecords} empty records in a row`, {
        code: "too_many_empty_records",
      });
  }

  #peekType(): number | undefined {
    return this.#inbound[0]?.[this.#inboundAt];
  }

  /** The first piece, with at least so many bytes left to read. */
  #contiguous(length: number): Uint8Array {
    const [head] = this.#inbound;
    if (head && head.length - this.#inboundAt >= length) return head;
    const joined = join([(head as Uint8Array).subarray(this.#inboundAt), ...this.#inbound.slice(1)]);
    this.#inbound = [joined];
    this.#inboundAt = 0;
    return joined;
  }

  /** A view where the bytes came in one piece. */
  #takeIn(length: number): Uint8Array {
    this.#inboundBytes -= length;
    const parts: Uint8Array[] = [];
    for (let wanted = length; wanted > 0; ) {
      const head = this.#inbound[0] as Uint8Array;
      const from = this.#inboundAt;
      const part = from === 0 && head.length === wanted ? head : head.subarray(from, from + wanted);
      this.#inboundAt += part.length;
      if (this.#inboundAt === head.length) {
        this.#inbound.shift();
        this.#inboundAt = 0;
        if (!this.#inbound.length) this.#small = undefined;
      }
      if (part.length === length) return part;
      parts.push(part);
      wanted -= part.length;
    }
    return join(parts);
  }

  #trace(
    direction: "sent" | "received",
    type: ContentType,
    protection: Protection | undefined,
    sequenceNumber: number,
    record: Uint8Array,
    plaintext: Uint8Array,
  ): void {
    const { trace, traceSecrets } = this.#options;
    if (!trace) return;
    const shown = type !== contentTypes.application_data || traceSecrets;
    trace({
      type: "record",
      direction,
      contentType: contentTypeName(type),
      protected: protection !== undefined,
      sequenceNumber,
      header: record.slice(0, headerLength),
      fragment: record.slice(headerLength),
      ...(shown && { plaintext: plaintext.slice() }),
    });
  }
}

/** The first letter of an HTTP method, or of a reply. */
const looksLikeHttp = (type: number): boolean => "GPHCOD".includes(String.fromCharCode(type));
