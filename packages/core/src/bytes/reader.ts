import { TlsError } from "../errors.ts";

/** The half of a codec that reads. */
export interface Readable<T> {
  read(reader: Reader): T;
}

/**
 * Reads big-endian numbers and slices from an array. Every error is a TlsError with the alert `decode_error`, whose
 * message begins with the path of the field.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The names of the enclosing fields, and the indexes in lists. Only an error joins them into text. */
  readonly #path: (string | number)[];

  constructor(bytes: Uint8Array, path: string | (string | number)[] = []) {
    this.#bytes = bytes;
    this.#path = typeof path === "string" ? [path] : path;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** An unsigned number of 1 to 4 bytes. */
  uint(width: number): number {
    this.#require(width);
    let n = 0;
    for (let i = 0; i < width; i++) n = n * 256 + (this.#bytes[this.#at++] as number);
    return n;
  }

  /** The next `length` bytes: a view, not a copy. */
  take(length: number): Uint8Array {
    this.#require(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The remaining bytes: a view, not a copy. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** Reads the next `length` bytes with `inner`, which must read all of them. */
  within<T>(length: number, inner: Readable<T>): T {
    const part = new Reader(this.take(length), this.#path);
    const value = inner.read(part);
    part.end();
    return value;
  }

  /** Reads a field. `name` is its name, or its index in a list, for the path in errors. */
  field<T>(name: string | number, inner: Readable<T>): T {
    this.#path.push(name);
    const value = inner.read(this);
    this.#path.pop();
    return value;
  }

  /** Throws if bytes are left. */
  end(): void {
    if (this.left) this.fail(`${this.left} bytes too many`);
  }

  fail(message: string): never {
    throw new TlsError("decode_error", `${this.#path.join(".").replace(/\.(\d+)/g, "[$1]") || "input"}: ${message}`);
  }

  #require(length: number): void {
    if (length > this.left) this.fail(`wanted ${length} bytes, ${this.left} left`);
  }
}
