import type { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { record } from "../handshake/mitm.ts";
import { answering, next, reader } from "./support.ts";

describe("what waits to be read", () => {
  test("single bytes become a record again, and count as what they weigh", () => {
    const records = reader();
    const bytes = record(23, new Uint8Array(16_000).fill(7));
    for (const byte of bytes) records.feed(Uint8Array.of(byte));
    expect(records.pending).toBe(16_005);
    expect(next(records)).toMatchObject({ type: 23, fragment: new Uint8Array(16_000).fill(7) });
    expect(records.pending).toBe(0);
  });

  test("small pieces are copied together, and their own arrays let go", () => {
    const records = reader();
    for (const byte of record(23, Uint8Array.of(1, 2, 3))) {
      const piece = Uint8Array.of(byte);
      records.feed(piece);
      // The one that is read from is kept as it is, and so is the first behind it: most come alone.
      if (records.pending > 2) piece.fill(99);
    }
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(1, 2, 3) });
  });

  test("what is kept together stays apart from what was taken", () => {
    const records = reader();
    const [one, two] = [record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))];
    for (const byte of [...one, ...two.subarray(0, 3)]) records.feed(Uint8Array.of(byte));
    const first = next(records) as { fragment: Uint8Array };
    for (const byte of two.subarray(3)) records.feed(Uint8Array.of(byte));
    first.fragment.fill(9);
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(2) });
    expect(first.fragment).toEqual(Uint8Array.of(9));
  });

  test("a record that is being opened counts with what it costs to keep", () => {
    const records = reader();
    records.changeState(answering(() => new Promise(() => {})));
    for (let i = 0; i < 3; i++) records.feed(record(23, Uint8Array.of(i)));
    void records.next();
    expect(records.pending).toBe(2 * (6 + 256));
  });

  test("no more than 512 KiB are opened ahead, whatever the size of the records", () => {
    for (const [size, count] of [
      [1, 4000],
      [16_384, 80],
    ] as const) {
      let opened = 0;
      const records = reader();
      records.changeState(
        answering((_, body) => {
          opened += body.length + 5 + 256;
          return new Promise(() => {});
        }),
      );
      for (let i = 0; i < count; i++) records.feed(record(23, new Uint8Array(size)));
      void records.next();
      expect(opened).toBeGreaterThan(2 ** 19 - 2 ** 15);
      expect(opened).toBeLessThan(2 ** 19 + 2 ** 16);
    }
  });
});

test("an empty handshake record is refused", () => {
  const records = reader();
  records.feed(record(22, new Uint8Array(0)));
  expect(() => next(records)).toThrow(expect.objectContaining<Partial<TlsError>>({ code: "empty_fragment" }));
});

test("an alert does not end a row of empty records", () => {
  const records = reader();
  const empty = record(23, new Uint8Array(0));
  const take = (count: number, bytes: Uint8Array): void => {
    for (let i = 0; i < count; i++) {
      records.feed(bytes);
      next(records);
    }
  };
  take(32, empty);
  take(1, record(21, Uint8Array.of(1, 90)));
  expect(() => take(1, empty)).toThrow(expect.objectContaining<Partial<TlsError>>({ code: "too_many_empty_records" }));
});

test.each([
  ["handshake", 22],
  ["alert", 21],
  ["change_cipher_spec", 20],
] as const)("nothing is opened ahead behind a %s record", (_, type) => {
  const opened: number[] = [];
  const records = reader();
  records.changeState(
    answering((of, body) => {
      opened.push(of);
      return Promise.resolve(body);
    }),
  );
  const one = Uint8Array.of(1);
  for (const of of [23, 23, type, 23]) records.feed(record(of, one));
  void records.next();
  expect(opened).toEqual([23, 23, type]);
  void records.next();
  void records.next();
  expect(opened).toEqual([23, 23, type]);
  void records.next();
  expect(opened).toEqual([23, 23, type, 23]);
});
