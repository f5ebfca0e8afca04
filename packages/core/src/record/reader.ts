/**
 * Received records, RFC 5246 §6.2: turns bytes, cut at any boundaries, into authentic fragments in order.
 * @module
 */
import { hex16, join } from "../bytes/bytes.ts";
import { ByteQueue } from "../bytes/queue.ts";
import { TlsError } from "../errors.ts";
import { type Awaitable, ignore } from "../flow.ts";
import { itemOverhead, maxEmptyRecords, maxExpansion, maxPlaintext } from "../limits.ts";
import { tls12 } from "../wire/messages.ts";
import { type ContentType, contentTypes, headerLength } from "../wire/record.ts";
import { noProtection, type Protection } from "./protection.ts";
import { type RecordTrace, traceRecord } from "./trace.ts";

export interface TlsRecord {
  readonly type: ContentType;
  readonly fragment: Uint8Array;
}

export interface RecordReaderOptions extends RecordTrace {
  /**
   * The reader calls `admit` before it opens a record whose body has `bytes` bytes. If `admit` returns false, the
   * record waits.
   */
  readonly admission: { admit(bytes: number): boolean };
}

/** A record that a provider is opening. The reader traces and checks the record after those before it. */
interface PendingOpen {
  readonly rawRecord: Uint8Array;
  readonly opened: PromiseLike<Uint8Array>;
  readonly sequenceNumber: number;
  readonly protection: Protection;
}

/** From this many bytes of ciphertext on, an asynchronous provider gets no more to open: 32 full records. */
const maxInFlight = 2 ** 19;

export class RecordReader {
  readonly #options: RecordReaderOptions;
  #protection: Protection = noProtection;
  /** The largest fragment that we accept, in bytes: now, and after the next ChangeCipherSpec. */
  #limit: number = maxPlaintext;
  #nextLimit: number | undefined;

  /** The piece of received bytes that we read from, how much of it was read, and the pieces after it. */
  #piece: Uint8Array | undefined;
  #pieceOffset = 0;
  #pieces: ByteQueue | undefined;
  /** The number of received bytes that are not yet cut into records. */
  #uncutBytes = 0;
  /** The records that are opened before `next` asks for them, in order. `undefined` until the first one. */
  #pendingOpens: PendingOpen[] | undefined;
  #pendingOpenBytes = 0;
  #awaitsAdmission = false;
  #emptyRecords = 0;
  /** True after a bad record and after `drop`: no further record is read. */
  #isBroken = false;
  /**
   * True once the version is negotiated: every record must have the version {3, 3}. Before that, a record may have any
   * version {3, x} (RFC 5246 §E.1).
   */
  #requiresVersion = false;

  constructor(options: RecordReaderOptions) {
    this.#options = options;
  }

  /** From now on, every record must have the version {3, 3}, which was negotiated. */
  requireTls12(): void {
    this.#requiresVersion = true;
  }
  /**
   * Limits the length of a fragment, in bytes: now (RFC 6066 §4), and after the next ChangeCipherSpec (RFC 8449 §4).
   */
  setLimit(current: number, next: number | undefined): void {
    this.#limit = current;
    this.#nextLimit = next;
  }
  receivedBytes = 0;
  /** The number of records received under the current keys. */
  get records(): number {
    return this.#protection.sequenceNumber;
  }

  changeState(protection: Protection): void {
    this.#protection = protection;
    this.#limit = this.#nextLimit ?? this.#limit;
  }

  /**
   * The number of received bytes that `next` has not returned, with `itemOverhead` for each record in `#pendingOpens`.
   */
  get pendingBytes(): number {
    return this.#uncutBytes + this.#pendingOpenBytes;
  }
  /** True if the last call of `next` found a complete record that was not admitted. */
  get awaitsAdmission(): boolean {
    return this.#awaitsAdmission;
  }

  /** Stops reading, and discards the bytes that `next` has not returned. */
  drop(): void {
    this.#isBroken = true;
    this.#piece = undefined;
    this.#pieces = undefined;
    this.#pendingOpens = undefined;
    this.#uncutBytes = 0;
    this.#pendingOpenBytes = 0;
    this.#awaitsAdmission = false;
  }

  feed(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    if (!bytes.length || this.#isBroken) return;
    this.#uncutBytes += bytes.length;
    if (this.#piece) {
      this.#pieces ??= new ByteQueue();
      this.#pieces.push(bytes);
    } else {
      this.#piece = bytes;
      this.#pieceOffset = 0;
    }
  }

  /**
   * Returns the next record, or `undefined` while it is incomplete or not admitted. An asynchronous provider opens
   * several records of application data at the same time if they have arrived.
   */
  next(): Awaitable<TlsRecord> | undefined {
    this.#awaitsAdmission = false;
    const pendingOpen = this.#pendingOpens?.shift();
    if (pendingOpen) {
      this.#pendingOpenBytes -= pendingOpen.rawRecord.length + itemOverhead;
      return this.#whenOpened(pendingOpen);
    }
    const rawRecord = this.#takeRawRecord();
    if (!rawRecord) return undefined;
    const protection = this.#protection;
    const sequenceNumber = this.#options.trace ? protection.sequenceNumber : 0;
    let opened: Awaitable<Uint8Array>;
    try {
      opened = protection.open(rawRecord[0] as ContentType, rawRecord.subarray(headerLength));
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    if (opened instanceof Uint8Array) return this.#checkFragment(rawRecord, protection, sequenceNumber, opened);
    return this.#whenOpened({ rawRecord, opened, sequenceNumber, protection });
  }

  #whenOpened(pendingOpen: PendingOpen): PromiseLike<TlsRecord> {
    let last: PendingOpen | undefined = this.#pendingOpens?.at(-1) ?? pendingOpen;
    while (last && this.#canOpenAfter(last)) last = this.#openNext();
    const { rawRecord, opened, sequenceNumber, protection } = pendingOpen;
    return opened.then((fragment) => this.#checkFragment(rawRecord, protection, sequenceNumber, fragment));
  }

  /** Whether the next record may be opened too. Any record but application data must first be processed. */
  #canOpenAfter({ rawRecord }: PendingOpen): boolean {
    return rawRecord[0] === contentTypes.application_data && this.#pendingOpenBytes < maxInFlight;
  }

  #openNext(): PendingOpen | undefined {
    const protection = this.#protection;
    let rawRecord: Uint8Array | undefined;
    let opened: Promise<Uint8Array>;
    const sequenceNumber = protection.sequenceNumber;
    try {
      rawRecord = this.#takeRawRecord();
      if (!rawRecord) return undefined;
      opened = Promise.resolve(protection.open(rawRecord[0] as ContentType, rawRecord.subarray(headerLength)));
    } catch (error) {
      // A malformed record must not hide the records before it, which are still being opened.
      this.#isBroken = true;
      rawRecord = new Uint8Array(0);
      opened = Promise.reject(error);
    }
    // After a failed record, no caller awaits this promise. Its rejection must not end the process.
    opened.catch(ignore);
    const pendingOpen = { rawRecord, opened, sequenceNumber, protection };
    this.#pendingOpens ??= [];
    this.#pendingOpens.push(pendingOpen);
    this.#pendingOpenBytes += rawRecord.length + itemOverhead;
    return pendingOpen;
  }

  /** Takes the next record as received, with its header, or returns `undefined` if it is incomplete or not admitted. */
  #takeRawRecord(): Uint8Array | undefined {
    this.#awaitsAdmission = false;
    const piece = this.#piece;
    if (this.#isBroken || !piece || this.#uncutBytes < headerLength) return undefined;
    const isHeaderInPiece = piece.length - this.#pieceOffset >= headerLength;
    const header = isHeaderInPiece ? piece : this.#gatherHeader();
    const offset = isHeaderInPiece ? this.#pieceOffset : 0;
    const type = header[offset] as number;
    const version = ((header[offset + 1] as number) << 8) | (header[offset + 2] as number);
    const length = ((header[offset + 3] as number) << 8) | (header[offset + 4] as number);
    if (type < contentTypes.change_cipher_spec || type > contentTypes.application_data)
      throw this.#breakWith(notTlsError(type));
    if (this.#requiresVersion ? version !== tls12 : version >> 8 !== 3)
      throw this.#breakWith(new TlsError("protocol_version", `record version ${hex16(version)}`));
    const limit = this.#limit + (this.#protection === noProtection ? 0 : maxExpansion);
    if (length > limit) throw this.#breakWith(tooLongError(length, limit));
    if (this.#uncutBytes < headerLength + length) return undefined;
    this.#awaitsAdmission = !this.#options.admission.admit(length);
    if (this.#awaitsAdmission) return undefined;
    this.#uncutBytes -= headerLength + length;
    const start = this.#pieceOffset;
    const end = start + headerLength + length;
    if (end > piece.length) return this.#takeFromPieces(headerLength + length);
    this.#pieceOffset = end;
    if (end === piece.length) {
      if (this.#uncutBytes > 0) this.#nextPiece();
      else this.#piece = undefined;
    }
    return piece.subarray(start, end);
  }

  #checkFragment(
    rawRecord: Uint8Array,
    protection: Protection,
    sequenceNumber: number,
    fragment: Uint8Array,
  ): TlsRecord {
    const type = rawRecord[0] as ContentType;
    if (this.#options.trace)
      traceRecord(this.#options, "received", type, protection !== noProtection, sequenceNumber, rawRecord, fragment);
    if (fragment.length > this.#limit) throw this.#breakWith(tooLongError(fragment.length, this.#limit));
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

  /** Copies the next header, which is spread over several pieces. */
  #gatherHeader(): Uint8Array {
    const header = new Uint8Array(headerLength);
    let part = (this.#piece as Uint8Array).subarray(this.#pieceOffset);
    for (let filled = 0, i = 0; ; i++) {
      header.set(part.subarray(0, headerLength - filled), filled);
      filled += part.length;
      if (filled >= headerLength) return header;
      part = this.#pieces?.at(i) as Uint8Array;
    }
  }

  #nextPiece(): void {
    this.#piece = this.#pieces?.shift();
    this.#pieceOffset = 0;
  }

  /** Takes `length` bytes, which are spread over several pieces. */
  #takeFromPieces(length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const piece = this.#piece as Uint8Array;
      const part = piece.subarray(this.#pieceOffset, this.#pieceOffset + missing);
      this.#pieceOffset += part.length;
      if (this.#pieceOffset === piece.length) this.#nextPiece();
      parts.push(part);
      missing -= part.length;
    }
    return join(parts);
  }
}

const tooLongError = (length: number, limit: number): TlsError =>
  new TlsError("record_overflow", `a record of ${length} bytes, at most ${limit} allowed`);

function notTlsError(type: number): TlsError {
  const isHttp = looksLikeHttp(type);
  return new TlsError(
    "unexpected_message",
    `record type ${type}: ${isHttp ? "this looks like plain HTTP" : "this is not TLS"}`,
    isHttp
      ? { code: "plain_http", advice: "tcp: and listenTcp are for TLS alone, ws: and listenWebSocket for WebSockets" }
      : { code: "not_tls", advice: "the other side is another service" },
  );
}

/** True for the first letter of an HTTP response, or of an HTTP method other than TRACE. */
const looksLikeHttp = (type: number): boolean => "GPHCOD".includes(String.fromCharCode(type));
