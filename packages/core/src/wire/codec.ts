/**
 * Codecs for the presentation language of RFC 5246 §4. A codec both reads and writes its type. The functions that make
 * codecs are marked as free of side effects, so a bundler leaves out the messages that a program does not use.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";

export interface Codec<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}
/** The type of the values that a codec reads. */
export type Value<C> = C extends Codec<infer T> ? T : never;

/* @__NO_SIDE_EFFECTS__ */
function uint(width: number): Codec<number> {
  return { read: (r) => r.uint(width), write: (w, v) => void w.uint(width, v) };
}
export const uint8: Codec<number> = uint(1);
export const uint16: Codec<number> = uint(2);
export const uint32: Codec<number> = uint(4);

/** `opaque x[length]` */
/* @__NO_SIDE_EFFECTS__ */
export function opaque(length: number): Codec<Uint8Array> {
  return {
    read: (r) => r.take(length),
    write(w, v) {
      if (v.length !== length) throw new RangeError(`expected ${length} bytes, got ${v.length}`);
      w.put(v);
    },
  };
}

/** The remaining bytes of the enclosing vector or message. */
export const rest: Codec<Uint8Array> = { read: (r) => r.rest(), write: (w, v) => void w.put(v) };

/** `T x<min..2^(8·width)-1>`: a length of `width` bytes, then one `inner` of exactly that length. */
/* @__NO_SIDE_EFFECTS__ */
export function prefixed<T>(width: number, inner: Codec<T>, min = 0): Codec<T> {
  return {
    read(r) {
      const length = r.uint(width);
      if (length < min) r.fail(`${length} bytes, at least ${min} wanted`);
      return r.within(length, inner);
    },
    write: (w, v) => void w.prefixed(width, () => inner.write(w, v)),
  };
}

/** `opaque x<min..2^(8·width)-1>` */
/* @__NO_SIDE_EFFECTS__ */
export function bytes(width: number, min = 0): Codec<Uint8Array> {
  return prefixed(width, rest, min);
}

/** `T x<min..2^(8·width)-1>`: a length of `width` bytes, which counts bytes and not items, then the items. */
/* @__NO_SIDE_EFFECTS__ */
export function list<T>(width: number, item: Codec<T>, min = 0): Codec<readonly T[]> {
  return prefixed<readonly T[]>(
    width,
    {
      read(r) {
        const items: T[] = [];
        while (r.left) items.push(r.field(items.length, item));
        return items;
      },
      write(w, items) {
        for (const value of items) item.write(w, value);
      },
    },
    min,
  );
}

// biome-ignore lint/suspicious/noExplicitAny: a struct takes fields of any type
type Fields = Record<string, Codec<any>>;

/** `struct { … }`: the fields in the order of the object's properties. */
/* @__NO_SIDE_EFFECTS__ */
export function struct<F extends Fields>(fields: F): Codec<{ readonly [K in keyof F]: Value<F[K]> }> {
  return {
    read(r) {
      const value: Record<string, unknown> = {};
      for (const name in fields) value[name] = r.field(name, fields[name] as Codec<unknown>);
      return value as { [K in keyof F]: Value<F[K]> };
    },
    write(w, value) {
      for (const name in fields) (fields[name] as Codec<unknown>).write(w, value[name]);
    },
  };
}

/** An empty body. */
export const empty: Codec<Record<never, never>> = { read: () => ({}), write: () => {} };

/**
 * A part at the end that may be absent, such as the extensions of RFC 5246 §7.4.1.2. `undefined` means that it is
 * absent, not that it is empty.
 */
/* @__NO_SIDE_EFFECTS__ */
export function trailing<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    read: (r) => (r.left ? inner.read(r) : undefined),
    write(w, v) {
      if (v !== undefined) inner.write(w, v);
    },
  };
}

/** Reads a value, which must fill the whole array. Error messages begin with `path`. */
export function decode<T>(codec: Codec<T>, data: Uint8Array, path: string): T {
  const reader = new Reader(data, path);
  const value = codec.read(reader);
  reader.end();
  return value;
}

export function encode<T>(codec: Codec<T>, value: T): Bytes {
  const writer = new Writer();
  codec.write(writer, value);
  return writer.done();
}
