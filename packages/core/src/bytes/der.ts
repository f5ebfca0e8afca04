/**
 * Writes and reads DER. The reader is strict (ITU-T X.690 §8, §10, §11): it accepts only definite minimal lengths,
 * minimal integers and canonical bit strings, and no bytes after the value. It does not recurse, so deep nesting is
 * harmless.
 * @module
 */
import type { CertificateFault } from "../errorCodes.ts";
import { TlsError } from "../errors.ts";
import { type Bytes, concat, latin1 } from "./bytes.ts";

/** The identifier octets of the types in certificates and keys. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A DER element with this tag, whose contents are the joined `contents`. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const value = concat(...contents);
  const length: number[] = [];
  for (let n = value.length; n; n >>>= 8) length.unshift(n & 255);
  return concat(
    Uint8Array.from(value.length < 0x80 ? [tag, value.length] : [tag, 0x80 | length.length, ...length]),
    value,
  );
}

/** The shortest DER of a non-negative INTEGER, from one or more big-endian bytes. */
export function derInteger(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? value.subarray(-1) : value.subarray(first);
  return derElement(tags.integer, Uint8Array.from((digits[0] as number) & 0x80 ? [0] : []), digits);
}

/** The number of elements that the readers with this budget may still read, all together. */
export interface DerBudget {
  elements: number;
}

/**
 * Reads the elements of one DER value in order. Every error is a TlsError with the code `"malformed"`, or `"budget"` if
 * the budget has no elements left. The bytes that the methods return are views, not copies.
 */
export class Der {
  readonly #bytes: Bytes;
  readonly budget: DerBudget | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, allowance?: DerBudget) {
    this.#bytes = bytes as Bytes;
    this.budget = allowance;
  }

  /** True if there are bytes left to read. */
  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** The tag of the next element, or `undefined` at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next element, including its tag and length. Throws if it has another tag. */
  element(tag: number): Bytes {
    const start = this.#at;
    this.contents(tag);
    return this.#bytes.subarray(start, this.#at);
  }

  /** The contents of the next element. Throws if it has another tag. */
  contents(tag: number): Bytes {
    const bytes = this.#bytes;
    if (this.budget && this.budget.elements-- < 1) derFault("too many elements", "budget");
    if (bytes[this.#at] !== tag) {
      derFault(`expected tag ${tag}, got ${bytes[this.#at] ?? "the end"}`);
    }
    let at = this.#at + 1;
    let length = bytes[at++] ?? derFault("length cut off");
    if (length & 0x80) {
      const width = length & 0x7f;
      if (width < 1 || width > 4) derFault("length indefinite or above 4 bytes");
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + (bytes[at++] ?? derFault("length cut off"));
      if (length < 0x80 || length < 256 ** (width - 1)) derFault("length not minimal");
    }
    if (length > bytes.length - at) derFault(`wanted ${length} bytes, ${bytes.length - at} left`);
    this.#at = at + length;
    return bytes.subarray(at, this.#at);
  }

  /** Reads the contents of the next element with `read`, which must read all of them. */
  within<T>(tag: number, read: (inner: Der) => T): T {
    return der(this.contents(tag), read, this.budget);
  }

  /** Like `within` if the next element has this tag; otherwise `undefined`. */
  optional<T>(tag: number, read: (inner: Der) => T): T | undefined {
    return this.tag === tag ? this.within(tag, read) : undefined;
  }

  /** Like `within`, for a SEQUENCE. */
  sequence<T>(read: (inner: Der) => T): T {
    return this.within(tags.sequence, read);
  }

  /** Reads the items of a SEQUENCE OF or SET OF that has at least one, SIZE (1..MAX). */
  listOf<T>(tag: number, read: (inner: Der) => T): T[] {
    return this.within(tag, (inner) => {
      const values: T[] = [];
      do values.push(read(inner));
      while (inner.hasMore);
      return values;
    });
  }

  /** BOOLEAN DEFAULT FALSE. Throws if FALSE is encoded, unless `allowsFalse` is true. */
  flag(allowsFalse = false): boolean {
    if (this.tag !== tags.boolean) return false;
    const [value, more] = this.contents(tags.boolean);
    if (more !== undefined || (value !== 0xff && (value !== 0 || !allowsFalse)))
      derFault("BOOLEAN neither TRUE nor left out");
    return value === 0xff;
  }

  /** The two's complement bytes of an INTEGER. Throws if they are not minimal. */
  integer(tag: number = tags.integer): Bytes {
    const value = this.contents(tag);
    const [first = -1, second] = value;
    // The first nine bits of a minimal INTEGER are neither all zero nor all one.
    if (first < 0 || (second !== undefined && (first === 0xff || first === 0) && first >> 7 === second >> 7)) {
      derFault("INTEGER not minimal");
    }
    return value;
  }

  /** The big-endian bytes of a non-negative INTEGER, without a leading zero. */
  unsigned(tag?: number): Bytes {
    const value = this.integer(tag);
    if ((value[0] as number) & 0x80) derFault("INTEGER negative");
    return value[0] === 0 && value.length > 1 ? value.subarray(1) : value;
  }

  /** A non-negative INTEGER below 2^32. */
  uint32(tag?: number): number {
    const value = this.unsigned(tag);
    if (value.length > 4) derFault("INTEGER too large");
    return value.reduce((n, byte) => n * 256 + byte, 0);
  }

  /** An OBJECT IDENTIFIER of at most 64 bytes, in dotted form. */
  oid(tag: number = tags.oid): string {
    const value = this.contents(tag);
    if (!value.length || value.length > 64 || (value[value.length - 1] as number) & 0x80) derFault("OID malformed");
    const arcs: bigint[] = [];
    let arc = 0n;
    let isArcStart = true;
    for (const byte of value) {
      if (isArcStart && byte === 0x80) derFault("OID malformed");
      arc = (arc << 7n) | BigInt(byte & 0x7f);
      isArcStart = byte < 0x80;
      if (!isArcStart) continue;
      if (arcs.length) arcs.push(arc);
      else {
        const top = arc < 80n ? arc / 40n : 2n;
        arcs.push(top, arc - top * 40n);
      }
      arc = 0n;
    }
    return arcs.join(".");
  }

  /** The bytes of a BIT STRING. Throws if an unused bit is set. */
  bits(tag: number = tags.bitString): Bytes {
    const value = this.contents(tag);
    const unused = value[0] ?? 8;
    // If the string is empty, the last byte is the number of unused bits, which must then be 0.
    const last = value[value.length - 1] as number;
    if (unused > 7 || last & ((1 << unused) - 1) || (unused && value.length < 2)) derFault("BIT STRING malformed");
    return value.subarray(1);
  }

  /** The bytes of a BIT STRING. Throws if it has unused bits. */
  octets(): Bytes {
    const value = this.contents(tags.bitString);
    if (value[0] !== 0) derFault("BIT STRING not of whole bytes");
    return value.subarray(1);
  }

  /** Reads NULL. */
  null(): void {
    if (this.contents(tags.null).length) derFault("NULL not empty");
  }

  /** Skips the remaining bytes without checking them. */
  skip(): undefined {
    this.#at = this.#bytes.length;
  }

  /** Throws if bytes are left. */
  end(): void {
    if (this.hasMore) derFault(`${this.#bytes.length - this.#at} bytes too many`);
  }
}

/** Reads `bytes` with `read`. Throws if bytes are left. */
export function der<T>(bytes: Uint8Array, read: (reader: Der) => T, allowance?: DerBudget): T {
  const reader = new Der(bytes, allowance);
  const value = read(reader);
  reader.end();
  return value;
}

/** Like `der`, for a SEQUENCE: `read` gets a reader of its contents. */
export const sequence = <T>(bytes: Uint8Array, read: (reader: Der) => T, allowance?: DerBudget): T =>
  der(bytes, (outer) => outer.sequence(read), allowance);

/** Throws a TlsError about malformed DER. */
export function derFault(message: string, code: CertificateFault = "malformed"): never {
  throw new TlsError("bad_certificate", `DER: ${message}`, { code });
}

/** Text from UTF-8. Throws if the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string {
  try {
    // `escape` writes a char code from 128 to 255 as %XX. Every JavaScript engine has it, and it is thirty times as
    // fast as a decoder in JavaScript.
    return decodeURIComponent(escape(latin1(bytes)));
  } catch {
    return derFault("UTF8String not UTF-8");
  }
}

/** Text from ASCII. Throws if the bytes are not ASCII. */
export function ia5(bytes: Uint8Array): string {
  for (const byte of bytes) if (byte > 127) derFault("string not ASCII");
  return latin1(bytes);
}
