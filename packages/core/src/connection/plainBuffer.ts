/**
 * The received bytes of a connection before TLS.
 * @module
 */
import { type Bytes, latin1 } from "../bytes/bytes.ts";
import { TlsError } from "../errors.ts";

const cr = 0x0d;
const lf = 0x0a;
const minLength = 2 ** 8;
const nothing: Bytes = new Uint8Array();

/** A buffer that grows by doubling, so that a peer that sends single bytes costs no more than one that sends many. */
export class PlainBuffer {
  /** Empty before the first byte and when all bytes are read: most connections have no unread bytes. */
  #bytes: Bytes = nothing;
  #start = 0;
  #end = 0;
  /** The number of bytes after `#start` that have no LF. */
  #scanned = 0;

  /** The number of unread bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (this.#end + bytes.length > this.#bytes.length) {
      let capacity = minLength;
      while (capacity < needed) capacity *= 2;
      // With room for twice the unread bytes, the unread bytes move to the start only now and then.
      const grown = new Uint8Array(capacity * 2);
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Takes exactly this many bytes, or all if `count` is `undefined`. `undefined` if there are not as many. */
  take(count: number | undefined): Bytes | undefined {
    const taken = count ?? this.length;
    if (!taken || taken > this.length) return undefined;
    const bytes = this.#bytes.slice(this.#start, this.#start + taken);
    this.#drop(taken);
    return bytes;
  }

  /**
   * Takes a line without its CRLF. `undefined` if its end has not arrived.
   * @throws TlsError `invalid_line`
   */
  takeLine(maxLength: number): string | undefined {
    const unread = this.#bytes.subarray(this.#start, this.#end);
    const at = unread.indexOf(lf, this.#scanned);
    if ((at < 0 ? unread.length : at) > maxLength + 1)
      throw lineError(`a line of plain text is longer than ${maxLength} bytes`);
    if (at < 0) {
      this.#scanned = unread.length;
      return undefined;
    }
    // Without this rule, two programs could see different lines in the same bytes.
    if (unread[at - 1] !== cr) throw lineError("a line of plain text ends in LF without CR");
    const line = latin1(unread.subarray(0, at - 1));
    this.#drop(at + 1);
    return line;
  }

  #drop(count: number): void {
    this.#start += count;
    this.#scanned = 0;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    this.#bytes = nothing;
  }
}

const lineError = (message: string): TlsError => new TlsError(undefined, message, { code: "invalid_line" });
