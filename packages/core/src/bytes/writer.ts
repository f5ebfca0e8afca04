import type { Bytes } from "./bytes.ts";

/** Writes big-endian numbers and bytes into an array that grows. */
export class Writer {
  #bytes: Bytes;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  /** Writes an unsigned number of 1 to 4 bytes. Throws a RangeError if the value does not fit. */
  uint(width: number, value: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** width)
      throw new RangeError(`${value} does not fit ${width} bytes`);
    this.#reserve(width);
    this.#set(this.#at, width, value);
    this.#at += width;
    return this;
  }

  put(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /**
   * Writes a length of `width` bytes, then the part that `write` writes. Throws a RangeError if the part is too long.
   */
  prefixed(width: number, write: (writer: this) => void): this {
    const start = this.#at;
    this.uint(width, 0);
    write(this);
    const length = this.#at - start - width;
    if (length >= 256 ** width) throw new RangeError(`${length} does not fit ${width} bytes`);
    this.#set(start, width, length);
    return this;
  }

  /** A view of the written bytes. */
  done(): Bytes {
    return this.#bytes.subarray(0, this.#at);
  }

  #set(at: number, width: number, value: number): void {
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) this.#bytes[at + i] = rest % 256;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + more));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
