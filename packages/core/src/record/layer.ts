/**
 * The record layer, RFC 5246 §6: bytes to records and back, fragments, and the change of keys.
 * What is sealed or opened may be a promise; a FIFO each way keeps the order.
 * @module
 */
import { concat, join } from "../bytes/bytes.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, isPromise } from "../flow.ts";
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

/** A record on its way out, behind one that is not sealed yet, or not sealed itself: without a fragment it is not ready. */
interface Sealed {
  header: Uint8Array;
  fragment: Uint8Array | undefined;
  failed?: Error;
  /** Tells the trace of it, once all before it are told. */
  show?: (() => void) | undefined;
}

/** A record on its way in, counted and traced once it is its turn. */
interface Opening {
  readonly type: ContentType;
  /** With its header. */
  readonly record: Uint8Array;
  readonly opened: Awaitable<Uint8Array>;
  readonly sequenceNumber: number;
  readonly isProtected: boolean;
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
  readonly #outbound: Sealed[] = [];
  #outboundBytes = 0;
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
  /** What the peer takes beside our own bound, and what we take: RFC 6066 at once, RFC 8449 once there are keys. */
  limit({ maxFragmentLength = maxPlaintext, recordSizeLimit }: RecordLimits): void {
    this.#sendLimit = Math.min(this.#options.maxFragment, maxFragmentLength);
    this.#receiveLimit = maxFragmentLength;
    this.#protectedLimit = recordSizeLimit;
  }
  changeWriteState(protection: Protection): void {
    this.#write = protection;
    if (this.#protectedLimit) this.#sendLimit = Math.min(this.#options.maxFragment, this.#protectedLimit.send);
  }
  changeReadState(protection: Protection): void {
    this.#read = protection;
    if (this.#protectedLimit) this.#receiveLimit = this.#protectedLimit.receive;
  }

  /** Bytes that were sent but could not be taken yet. */
  get pendingOut(): number {
    return this.#outboundBytes + this.#readyBytes;
  }
  /** Nothing that was sent waits to be sealed or taken. */
  get idleOut(): boolean {
    return this.#outbound.length + this.#ready.length === 0;
  }
  /** Bytes that came in and wait to be read. */
  get pendingIn(): number {
    return this.#inboundBytes + this.#openingBytes;
  }

  // ---- out

  /** Fragments, protects and queues. An empty message makes one empty record. */
  send(type: ContentType, message: Uint8Array): void {
    const most = this.#sendLimit;
    let at = 0;
    do {
      const fragment = message.subarray(at, at + most);
      const inPlace = this.#write?.inPlace;
      if (inPlace && !this.#outbound.length) {
        const left = message.length - at;
        const each = headerLength + inPlace.overhead;
        this.#submitInPlace(inPlace, type, fragment, left + each * Math.max(1, Math.ceil(left / most)));
      } else this.#submit(type, fragment);
      at += fragment.length;
    } while (at < message.length);
  }

  /** Everything that is ready, in order; what was built in place stands one behind the other. Throws what sealing threw. */
  take(): Uint8Array[] {
    for (let head = this.#outbound[0]; head?.fragment || head?.failed; head = this.#outbound[0]) {
      if (head.failed) {
        this.#outbound.length = 0;
        this.#ready = [];
        this.#outboundBytes = 0;
        this.#readyBytes = 0;
        throw head.failed;
      }
      this.#ready.push(head.header, head.fragment as Uint8Array);
      this.#outboundBytes -= head.fragment?.length ?? 0;
      this.#outbound.shift();
    }
    const ready = this.#ready;
    if (this.#readyBytes) this.#lastFlush = this.#readyBytes;
    this.#ready = [];
    this.#readyBytes = 0;
    this.#slab = undefined;
    return ready;
  }

  /** Room for a record of `length` bytes; `wanted` is what the whole message needs. */
  #room(inPlace: InPlace, length: number, wanted: number): Uint8Array {
    if (!this.#slab || this.#slab.length - this.#slabUsed < length) {
      // As much as the last flush took, so that all of a turn's records come to stand in one buffer, which nobody has to join.
      this.#slab = inPlace.allocate(Math.max(length, Math.min(maxFlushMessage, Math.max(wanted, this.#lastFlush))));
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed;
    this.#slabUsed += length;
    return this.#slab.subarray(from, this.#slabUsed);
  }

  #submitInPlace(inPlace: InPlace, type: ContentType, fragment: Uint8Array, wanted: number): void {
    const sequenceNumber = this.#write?.sequenceNumber ?? 0;
    const bodyLength = fragment.length + inPlace.overhead;
    const record = this.#room(inPlace, headerLength + bodyLength, wanted);
    setRecordHeader(record, type, tls12, bodyLength);
    const body = record.subarray(headerLength);
    inPlace.sealInto(type, fragment, body);
    this.#ready.push(record);
    this.#readyBytes += record.length;
    if (this.#options.trace) this.#trace("sent", type, true, sequenceNumber, record, body, fragment);
  }

  #submit(type: ContentType, fragment: Uint8Array): void {
    const sequenceNumber = this.#write?.sequenceNumber ?? 0;
    const isFirst = !this.#heard && type === contentTypes.handshake;
    const version = (isFirst && this.#options.firstVersion) || tls12;
    const sealed = this.#write ? this.#write.seal(type, fragment) : fragment;
    if (!isPromise(sealed) && !this.#outbound.length) {
      const record = concat(recordHeader(type, version, sealed.length), sealed);
      this.#ready.push(record);
      this.#readyBytes += record.length;
      const body = record.subarray(headerLength);
      if (this.#options.trace)
        this.#trace("sent", type, this.#write !== undefined, sequenceNumber, record, body, fragment);
      return;
    }
    // Only keys make a record wait.
    const entry: Sealed = { header: new Uint8Array(0), fragment: undefined };
    const finish = (body: Uint8Array) => {
      entry.header = recordHeader(type, version, body.length);
      entry.fragment = body;
      this.#outboundBytes += body.length;
      entry.show = () => this.#trace("sent", type, true, sequenceNumber, entry.header, body, fragment);
      if (this.#options.trace) this.#showReady();
    };
    this.#outbound.push(entry);
    if (!isPromise(sealed)) {
      finish(sealed);
      return;
    }
    this.#outboundBytes += fragment.length;
    sealed.then(
      (body) => {
        this.#outboundBytes -= fragment.length;
        finish(body);
        this.#options.wake();
      },
      (error: unknown) => {
        entry.failed = error instanceof Error ? error : new Error("sealing failed", { cause: error });
        this.#options.wake();
      },
    );
  }

  /** A later record may be sealed before an earlier one; the trace has them in the order of the wire. */
  #showReady(): void {
    for (const entry of this.#outbound) {
      if (!entry.fragment) return;
      entry.show?.();
      entry.show = undefined;
    }
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
    if (isPromise(opening.opened)) opening.opened.then(undefined, () => {});
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
        isProtected: true,
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
    return { type: type as ContentType, record, opened, sequenceNumber, isProtected: this.#read !== undefined };
  }

  #open(type: ContentType, body: Uint8Array): Awaitable<Uint8Array> {
    try {
      return this.#read ? this.#read.open(type, body) : body;
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }

  #finish({ type, record, sequenceNumber, isProtected }: Opening, fragment: Uint8Array): TlsRecord {
    if (this.#options.trace)
      this.#trace("received", type, isProtected, sequenceNumber, record, record.subarray(headerLength), fragment);
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
    isProtected: boolean,
    sequenceNumber: number,
    record: Uint8Array,
    body: Uint8Array,
    plaintext: Uint8Array,
  ): void {
    const { trace, traceSecrets } = this.#options;
    if (!trace) return;
    const shown = type !== contentTypes.application_data || traceSecrets;
    trace({
      type: "record",
      direction,
      contentType: contentTypeName(type),
      protected: isProtected,
      sequenceNumber,
      header: record.slice(0, headerLength),
      fragment: body.slice(),
      ...(shown && { plaintext: plaintext.slice() }),
    });
  }
}

/** "G", "P", "H", "C", "O", "D": the first letter of an HTTP method, or "H" of a reply. */
const looksLikeHttp = (type: number): boolean => [0x47, 0x50, 0x48, 0x43, 0x4f, 0x44].includes(type);
