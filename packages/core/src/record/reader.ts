/**
 * Records that come in, RFC 5246 §6.2: from bytes at any boundaries to fragments that are authentic and in order.
 * @module
 */
import { join } from "../bytes/bytes.ts";
import { ByteQueue } from "../bytes/queue.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, ignore } from "../flow.ts";
import { itemOverhead, maxEmptyRecords, maxExpansion, maxPlaintext } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes, headerLength } from "../wire/record.ts";
import { type Protection, plaintext } from "./protection.ts";
import { type RecordTrace, traceRecord } from "./trace.ts";

export interface TlsRecord {
  readonly type: ContentType;
  readonly fragment: Uint8Array;
}

export interface RecordReaderOptions extends RecordTrace {
  /**
   * The reader asks this before it works off a record of so many bytes. After false, the record stays where it is for
   * now.
   */
  readonly admission: { admit(bytes: number): boolean };
}

/** A record that a provider is still opening. The reader traces and checks it when its turn comes. */
interface Opening {
  readonly record: Uint8Array;
  readonly opened: PromiseLike<Uint8Array>;
  readonly sequenceNumber: number;
  readonly protection: Protection;
}

/** Ciphertext in flight to a provider that answers later. */
const maxInFlight = 2 ** 19;

export class RecordReader {
  readonly #options: RecordReaderOptions;
  #protection: Protection = plaintext;
  /** The most bytes of a fragment that we take: now, and from the next change of keys on. */
  #limit: number = maxPlaintext;
  #protectedLimit: number | undefined;

  /** The piece that we read from, and how much of it is read. The rest of what came in waits behind it. */
  #piece: Uint8Array | undefined;
  #at = 0;
  #pieces: ByteQueue | undefined;
  /** Bytes that came in and are not cut into records. */
  #bytes = 0;
  /** In order; made once a provider answers later. */
  #opening: Opening[] | undefined;
  #openingBytes = 0;
  #deferred = false;
  #emptyRecords = 0;
  /** Set once a record is bad: nothing behind it is looked at. */
  #broken = false;
  /**
   * The peer's first record may say any version 3.x (RFC 5246 §E.1); once a version is agreed, every record says 3.3.
   */
  #strictVersion = false;

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /** Every record must carry the agreed version from now on. */
  requireVersion(): void {
    this.#strictVersion = true;
  }
  /** Bytes of a fragment, at once (RFC 6066 §4) and from the next change of keys on (RFC 8449 §4). */
  limit(now: number, underKeys: number | undefined): void {
    this.#limit = now;
    this.#protectedLimit = underKeys;
  }
  /** Bytes that came in, and records under the present keys. */
  bytes = 0;
  get records(): number {
    return this.#protection.sequenceNumber;
  }

  changeState(protection: Protection): void {
    this.#protection = protection;
    this.#limit = this.#protectedLimit ?? this.#limit;
  }

  /** Bytes that came in and wait to be read, each record that is being opened with its overhead. */
  get pending(): number {
    return this.#bytes + this.#openingBytes;
  }
  /** The last call of `next` left a whole record where it is, because it was not admitted. */
  get deferred(): boolean {
    return this.#deferred;
  }

  /** Nothing more is read: what waits is let go. */
  drop(): void {
    this.#broken = true;
    this.#piece = undefined;
    this.#pieces = undefined;
    this.#opening = undefined;
    this.#bytes = 0;
    this.#openingBytes = 0;
    this.#deferred = false;
  }

  feed(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!bytes.length || this.#broken) return;
    this.#bytes += bytes.length;
    if (this.#piece) {
      this.#pieces ??= new ByteQueue();
      this.#pieces.push(bytes);
    } else {
      this.#piece = bytes;
      this.#at = 0;
    }
  }

  /**
   * The next record; `undefined` while it is not complete or not admitted. If the provider answers later, application
   * data that arrived together is opened together.
   */
  next(): Awaitable<TlsRecord> | undefined {
    this.#deferred = false;
    const waiting = this.#opening?.shift();
    if (waiting) {
      this.#openingBytes -= waiting.record.length + itemOverhead;
      return this.#later(waiting);
    }
    const record = this.#cut();
    if (!record) return undefined;
    const protection = this.#protection;
    const sequenceNumber = this.#options.trace ? protection.sequenceNumber : 0;
    let opened: Awaitable<Uint8Array>;
    try {
      opened = protection.open(record[0] as ContentType, record.subarray(headerLength));
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    if (opened instanceof Uint8Array) return this.#checked(record, protection, sequenceNumber, opened);
    return this.#later({ record, opened, sequenceNumber, protection });
  }

  #later(opening: Opening): PromiseLike<TlsRecord> {
    for (let last: Opening | undefined = this.#opening?.at(-1) ?? opening; last && this.#mayOpenBehind(last); )
      last = this.#openAhead();
    const { record, opened, sequenceNumber, protection } = opening;
    return opened.then((fragment) => this.#checked(record, protection, sequenceNumber, fragment));
  }

  /** An alert, a handshake record or a ChangeCipherSpec is worked off before anything behind it is opened. */
  #mayOpenBehind({ record }: Opening): boolean {
    return record[0] === contentTypes.application_data && this.#openingBytes < maxInFlight;
  }

  #openAhead(): Opening | undefined {
    const protection = this.#protection;
    let record: Uint8Array | undefined;
    let opened: Promise<Uint8Array>;
    const sequenceNumber = protection.sequenceNumber;
    try {
      record = this.#cut();
      if (!record) return undefined;
      opened = Promise.resolve(protection.open(record[0] as ContentType, record.subarray(headerLength)));
    } catch (error) {
      // A record that is bad on its face must not hide those before it, which are still being opened.
      this.#broken = true;
      record = new Uint8Array(0);
      opened = Promise.reject(error);
    }
    // A promise that rejects behind a failed record must not end the process as an unhandled rejection.
    opened.catch(ignore);
    const opening = { record, opened, sequenceNumber, protection };
    this.#opening ??= [];
    this.#opening.push(opening);
    this.#openingBytes += record.length + itemOverhead;
    return opening;
  }

  /** The next record as it came, header and body; `undefined` while it is not complete or not admitted. */
  #cut(): Uint8Array | undefined {
    this.#deferred = false;
    const piece = this.#piece;
    if (this.#broken || !piece || this.#bytes < headerLength) return undefined;
    const whole = piece.length - this.#at >= headerLength;
    const header = whole ? piece : this.#gatherHeader();
    const at = whole ? this.#at : 0;
    const type = header[at] as number;
    const version = ((header[at + 1] as number) << 8) | (header[at + 2] as number);
    const length = ((header[at + 3] as number) << 8) | (header[at + 4] as number);
    if (type < contentTypes.change_cipher_spec || type > contentTypes.application_data)
      throw this.#refused(notTls(type));
    if (this.#strictVersion ? version !== tls12 : version >> 8 !== 3)
      throw this.#refused(
        new TlsError("protocol_version", `record version 0x${version.toString(16).padStart(4, "0")}`),
      );
    const most = this.#limit + (this.#protection === plaintext ? 0 : maxExpansion);
    if (length > most) throw this.#refused(tooLong(length, most));
    if (this.#bytes < headerLength + length) return undefined;
    this.#deferred = !this.#options.admission.admit(length);
    if (this.#deferred) return undefined;
    this.#bytes -= headerLength + length;
    const from = this.#at;
    const to = from + headerLength + length;
    if (to > piece.length) return this.#takeAcross(headerLength + length);
    this.#at = to;
    if (to === piece.length) {
      if (this.#bytes > 0) this.#nextPiece();
      else this.#piece = undefined;
    }
    return piece.subarray(from, to);
  }

  #checked(record: Uint8Array, protection: Protection, sequenceNumber: number, fragment: Uint8Array): TlsRecord {
    const type = record[0] as ContentType;
    if (this.#options.trace)
      traceRecord(this.#options, "received", type, protection !== plaintext, sequenceNumber, record, fragment);
    if (fragment.length > this.#limit) throw this.#refused(tooLong(fragment.length, this.#limit));
    if (!fragment.length) this.#countEmpty(type);
    // An alert between empty records says no more than they do.
    else if (type !== contentTypes.alert) this.#emptyRecords = 0;
    return { type, fragment };
  }

  #refused(error: TlsError): TlsError {
    this.#broken = true;
    return error;
  }

  #countEmpty(type: ContentType): void {
    if (type === contentTypes.handshake)
      throw new TlsError("unexpected_message", "an empty handshake record (RFC 5246 §6.2.1)", {
        code: "empty_fragment",
      });
    if (++this.#emptyRecords > maxEmptyRecords)
      throw new TlsError("unexpected_message", `more than ${maxEmptyRecords} empty records in a row`, {
        code: "too_many_empty_records",
      });
  }

  /** The next header, which stands in several pieces. */
  #gatherHeader(): Uint8Array {
    const header = new Uint8Array(headerLength);
    let part = (this.#piece as Uint8Array).subarray(this.#at);
    for (let filled = 0, i = 0; ; i++) {
      header.set(part.subarray(0, headerLength - filled), filled);
      filled += part.length;
      if (filled >= headerLength) return header;
      part = this.#pieces?.at(i) as Uint8Array;
    }
  }

  #nextPiece(): void {
    this.#piece = this.#pieces?.shift();
    this.#at = 0;
  }

  /** Takes so many bytes, which stand in several pieces. */
  #takeAcross(length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let wanted = length; wanted > 0; ) {
      const piece = this.#piece as Uint8Array;
      const part = piece.subarray(this.#at, this.#at + wanted);
      this.#at += part.length;
      if (this.#at === piece.length) this.#nextPiece();
      parts.push(part);
      wanted -= part.length;
    }
    return join(parts);
  }
}

const tooLong = (length: number, most: number): TlsError =>
  new TlsError("record_overflow", `a record of ${length} bytes, at most ${most} allowed`);

function notTls(type: number): TlsError {
  const isHttp = looksLikeHttp(type);
  return new TlsError(
    "unexpected_message",
    `record type ${type}: ${isHttp ? "this looks like plain HTTP" : "this is not TLS"}`,
    isHttp
      ? { code: "plain_http", advice: "tcp: and listenTcp are for TLS alone, ws: and listenWebSocket for WebSockets" }
      : { code: "not_tls", advice: "the other side is another service" },
  );
}

/** The first letter of an HTTP method, or of a reply. */
const looksLikeHttp = (type: number): boolean => "GPHCOD".includes(String.fromCharCode(type));
