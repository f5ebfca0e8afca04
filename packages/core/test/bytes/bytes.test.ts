import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ascii, concat, equal, fromBase64, fromHex, latin1, toBase64, toHex, wipe } from "../../src/bytes/bytes.ts";
import { Reader } from "../../src/bytes/reader.ts";
import { Writer } from "../../src/bytes/writer.ts";

const bytes = fc.uint8Array({ maxLength: 200 });

describe("bytes", () => {
  test("hex and base64 equal the encodings of Node.js, and are decoded to the original bytes", () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(toHex(data)).toBe(Buffer.from(data).toString("hex"));
        expect(toBase64(data)).toBe(Buffer.from(data).toString("base64"));
        expect(fromHex(toHex(data).toUpperCase())).toEqual(data);
        expect(fromBase64(toBase64(data).replace(/(.{64})/g, "$1\r\n"))).toEqual(data);
      }),
    );
  });
  test.each(["0", "0g", "zz", "0x00"])("%s is not hex", (text) => expect(() => fromHex(text)).toThrow(RangeError));
  test.each(["A", "AA", "AAA", "A===", "AA=A", "AA*=", "AB==", "AAB=", "AA-_"])("%s is not base64", (text) =>
    expect(() => fromBase64(text)).toThrow(RangeError),
  );
  test("`concat` joins arrays, `equal` compares every byte, and `wipe` writes zeros", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        const joined = concat(...parts);
        expect(joined).toEqual(new Uint8Array(Buffer.concat(parts)));
        expect(equal(joined, joined.slice())).toBe(true);
        expect(equal(joined, concat(joined, Uint8Array.of(0)))).toBe(false);
        for (let i = 0; i < joined.length; i += 17) {
          const other = joined.slice();
          other[i] = (other[i] as number) ^ 0x80;
          expect(equal(joined, other)).toBe(false);
        }
        wipe(joined, undefined);
        expect(joined.every((byte) => byte === 0)).toBe(true);
      }),
    );
  });
  test("`ascii` encodes only ASCII text, and `latin1` decodes bytes above 127 too", () => {
    expect(ascii("h2")).toEqual(Uint8Array.of(0x68, 0x32));
    expect(() => ascii("ü")).toThrow(RangeError);
    expect(latin1(Uint8Array.of(0x68, 0xfc))).toBe("hü");
  });
});

describe("reader and writer", () => {
  test("a reader reads the numbers of 1 to 4 bytes that a writer wrote", () => {
    const number = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.tuple(fc.constant(width), fc.integer({ min: 0, max: 256 ** width - 1 })));
    fc.assert(
      fc.property(fc.array(number), fc.integer({ min: 0, max: 9 }), (numbers, capacity) => {
        const writer = new Writer(capacity);
        for (const [width, value] of numbers) writer.uint(width, value);
        const reader = new Reader(writer.done());
        for (const [width, value] of numbers) expect(reader.uint(width)).toBe(value);
        reader.end();
      }),
    );
  });
  test("a reader reads the nested parts that a writer wrote", () => {
    fc.assert(
      fc.property(bytes, bytes, (one, two) => {
        const written = new Writer(1).prefixed(3, (w) => w.prefixed(1, (x) => x.put(one)).put(two)).done();
        expect(written.length).toBe(4 + one.length + two.length);
        const reader = new Reader(written);
        const parts = reader.within(reader.uint(3), { read: (part) => [part.take(part.uint(1)), part.rest()] });
        expect(parts).toEqual([one, two]);
        reader.end();
      }),
    );
  });
  test("a part that is not read to its end, or that is longer than the input, causes an error", () => {
    expect(() => new Reader(Uint8Array.of(1, 2), "it").within(2, { read: (part) => part.uint(1) })).toThrow(
      "it: 1 bytes too many",
    );
    expect(() => new Reader(Uint8Array.of(1), "it").within(2, { read: () => 0 })).toThrow("it: wanted 2 bytes, 1 left");
    expect(() => new Reader(new Uint8Array(0)).uint(1)).toThrow("input: wanted 1 bytes, 0 left");
  });
});
