import { TlsError } from "../errors.ts";

/** What reads a value from a reader. */
export interface Readable<T> {
  read(reader: Reader): T;
}

/** Reads big-endian numbers and slices off an array; every fault is a `decode_error` that carries the path of the field. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The names of the fields around, and the places in lists: text is made of them in errors only. */
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
    this.#want(width);
    let n = 0;
    for (let i = 0; i < width; i++) n = n * 256 + (this.#bytes[this.#at++] as number);
    return n;
  }

  /** The next `length` bytes: a view, not a copy. */
  take(length: number): Uint8Array {
    this.#want(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** All that is left: a view, not a copy. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** Reads a part with its own reader, which it must use up. */
  within<T>(length: number, inner: Readable<T>): T {
    const part = new Reader(this.take(length), this.#path);
    const value = inner.read(part);
    part.end();
    return value;
  }

  /** Reads a field, whose name, or place in a list, joins the path in errors. */
  field<T>(name: string | number, inner: Readable<T>): T {
    this.#path.push(name);
    const value = inner.read(this);
    this.#path.pop();
    return value;
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.left) this.fail(`${this.left} bytes too many`);
  }

  fail(message: string): never {
    throw new TlsError("decode_error", `${this.#path.join(".").replace(/\.(\d+)/g, "[$1]") || "input"}: ${message}`);
  }

  #want(length: number): void {
    if (length > this.left) this.fail(`wanted ${length} bytes, ${this.left} left`);
  }
}
