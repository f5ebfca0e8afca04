/**
 * Received records, RFC 5246 §6.2: turns bytes with any boundaries into authentic fragments in order.
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
   * The reader calls `admit` before it processes a record of `bytes` bytes. If it returns false, the record waits.
   */
  readonly admission: { admit(bytes: number): boolean };
}

/** A record that a provider is still opening. The reader traces and checks it when the records before it are done. */
interface Opening {
  readonly record: Uint8Array;
  readonly opened: PromiseLike<Uint8Array>;
  readonly sequenceNumber: number;
  readonly protection: Protection;
}

/** Bytes of ciphertext that an asynchronous provider opens at the same time: 32 full records. */
const maxInFlight = 2 ** 19;

export class RecordReader {
  readonly #options: RecordReaderOptions;
  #protection: Protection = plaintext;
  /** The most bytes of a fragment that we accept: now, and after the next ChangeCipherSpec. */
  #limit: number = maxPlaintext;
  #protectedLimit: number | undefined;

  /** The piece of received bytes that we read from, how much of it was read, and the pieces after it. */
  #piece: Uint8Array | undefined;
  #at = 0;
  #pieces: ByteQueue | undefined;
  /** Received bytes that are not yet cut into records. */
  #bytes = 0;
  /** Records that are being opened, in order; `undefined` until a provider returns a promise. */
  #opening: Opening[] | undefined;
  #openingBytes = 0;
  #isDeferred = false;
  #emptyRecords = 0;
  /** True once a record was bad: no record after it is read. */
  #isBroken = false;
  /**
   * The peer's first record may have any version 3.x (RFC 5246 §E.1). Once the version is negotiated, every record must
   * have 3.3.
   */
  #requiresVersion = false;

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /** From now on, every record must have the negotiated version. */
  setVersion(): void {
    this.#requiresVersion = true;
  }
  /** Limits the bytes of a fragment, now (RFC 6066 §4) and after the next ChangeCipherSpec (RFC 8449 §4). */
  setLimit(now: number, underKeys: number | undefined): void {
    this.#limit = now;
    this.#protectedLimit = underKeys;
  }
  /** The number of bytes received, and of records received under the current keys. */
  bytes = 0;
  get records(): number {
    return this.#protection.sequenceNumber;
  }

  changeState(protection: Protection): void {
    this.#protection = protection;
    this.#limit = this.#protectedLimit ?? this.#limit;
  }

  /** The received bytes that wait to be read, including `itemOverhead` for each record that is being opened. */
  get pending(): number {
    return this.#bytes + this.#openingBytes;
  }
  /** True if the last call of `next` found a complete record that was not admitted. */
  get isDeferred(): boolean {
    return this.#isDeferred;
  }

  /** Stops reading, and discards the bytes that wait. */
  drop(): void {
    this.#isBroken = true;
    this.#piece = undefined;
    this.#pieces = undefined;
    this.#opening = undefined;
    this.#bytes = 0;
    this.#openingBytes = 0;
    this.#isDeferred = false;
  }

  feed(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!bytes.length || this.#isBroken) return;
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
   * The next record, or `undefined` while it is incomplete or not admitted. An asynchronous provider opens several
   * records of application data at the same time if they have arrived.
   */
  next(): Awaitable<TlsRecord> | undefined {
    this.#isDeferred = false;
    const opening = this.#opening?.shift();
    if (opening) {
      this.#openingBytes -= opening.record.length + itemOverhead;
      return this.#openLater(opening);
    }
    const record = this.#cut();
    if (!record) return undefined;
    const protection = this.#protection;
    const sequenceNumber = this.#options.trace ? protection.sequenceNumber : 0;
    let opened: Awaitable<Uint8Array>;
    try {
      opened = protection.open(record[0] as ContentType, record.subarray(headerLength));
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    if (opened instanceof Uint8Array) return this.#check(record, protection, sequenceNumber, opened);
    return this.#openLater({ record, opened, sequenceNumber, protection });
  }

  #openLater(opening: Opening): PromiseLike<TlsRecord> {
    for (let last: Opening | undefined = this.#opening?.at(-1) ?? opening; last && this.#canOpenAfter(last); )
      last = this.#openNext();
    const { record, opened, sequenceNumber, protection } = opening;
    return opened.then((fragment) => this.#check(record, protection, sequenceNumber, fragment));
  }

  /** An alert, a handshake record or a ChangeCipherSpec must be processed before a record after it is opened. */
  #canOpenAfter({ record }: Opening): boolean {
    return record[0] === contentTypes.application_data && this.#openingBytes < maxInFlight;
  }

  #openNext(): Opening | undefined {
    const protection = this.#protection;
    let record: Uint8Array | undefined;
    let opened: Promise<Uint8Array>;
    const sequenceNumber = protection.sequenceNumber;
    try {
      record = this.#cut();
      if (!record) return undefined;
      opened = Promise.resolve(protection.open(record[0] as ContentType, record.subarray(headerLength)));
    } catch (error) {
      // A malformed record must not hide the records before it, which are still being opened.
      this.#isBroken = true;
      record = new Uint8Array(0);
      opened = Promise.reject(error);
    }
    // A promise that rejects after a failed record must not end the process as an unhandled rejection.
    opened.catch(ignore);
    const opening = { record, opened, sequenceNumber, protection };
    this.#opening ??= [];
    this.#opening.push(opening);
    this.#openingBytes += record.length + itemOverhead;
    return opening;
  }

  /** The next record as received, header and body, or `undefined` while it is incomplete or not admitted. */
  #cut(): Uint8Array | undefined {
    this.#isDeferred = false;
    const piece = this.#piece;
    if (this.#isBroken || !piece || this.#bytes < headerLength) return undefined;
    const isHeaderInPiece = piece.length - this.#at >= headerLength;
    const header = isHeaderInPiece ? piece : this.#gatherHeader();
    const at = isHeaderInPiece ? this.#at : 0;
    const type = header[at] as number;
    const version = ((header[at + 1] as number) << 8) | (header[at + 2] as number);
    const length = ((header[at + 3] as number) << 8) | (header[at + 4] as number);
    if (type < contentTypes.change_cipher_spec || type > contentTypes.application_data)
      throw this.#breakWith(notTls(type));
    if (this.#requiresVersion ? version !== tls12 : version >> 8 !== 3)
      throw this.#breakWith(
        new TlsError("protocol_version", `record version 0x${version.toString(16).padStart(4, "0")}`),
      );
    const limit = this.#limit + (this.#protection === plaintext ? 0 : maxExpansion);
    if (length > limit) throw this.#breakWith(tooLong(length, limit));
    if (this.#bytes < headerLength + length) return undefined;
    this.#isDeferred = !this.#options.admission.admit(length);
    if (this.#isDeferred) return undefined;
    this.#bytes -= headerLength + length;
    const from = this.#at;
    const to = from + headerLength + length;
    if (to > piece.length) return this.#takeFromPieces(headerLength + length);
    this.#at = to;
    if (to === piece.length) {
      if (this.#bytes > 0) this.#nextPiece();
      else this.#piece = undefined;
    }
    return piece.subarray(from, to);
  }

  #check(record: Uint8Array, protection: Protection, sequenceNumber: number, fragment: Uint8Array): TlsRecord {
    const type = record[0] as ContentType;
    if (this.#options.trace)
      traceRecord(this.#options, "received", type, protection !== plaintext, sequenceNumber, record, fragment);
    if (fragment.length > this.#limit) throw this.#breakWith(tooLong(fragment.length, this.#limit));
    if (!fragment.length) this.#countEmpty(type);
    // An alert between empty records does not reset the count.
    else if (type !== contentTypes.alert) this.#emptyRecords = 0;
    return { type, fragment };
  }

  #breakWith(error: TlsError): TlsError {
    this.#isBroken = true;
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

  /** The next header, which is spread over several pieces. */
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

  /** Takes `length` bytes, which are spread over several pieces. */
  #takeFromPieces(length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const piece = this.#piece as Uint8Array;
      const part = piece.subarray(this.#at, this.#at + missing);
      this.#at += part.length;
      if (this.#at === piece.length) this.#nextPiece();
      parts.push(part);
      missing -= part.length;
    }
    return join(parts);
  }
}

const tooLong = (length: number, limit: number): TlsError =>
  new TlsError("record_overflow", `a record of ${length} bytes, at most ${limit} allowed`);

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

/** True for the first letter of an HTTP method or of an HTTP response. */
const looksLikeHttp = (type: number): boolean => "GPHCOD".includes(String.fromCharCode(type));
