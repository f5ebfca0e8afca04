import type { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { record } from "../handshake/mitm.ts";
import { next, protectionWith, reader } from "./support.ts";

describe("received bytes that wait to be read", () => {
  test("become a record again if they arrive one by one, and each counts as one byte", () => {
    const records = reader();
    const bytes = record(23, new Uint8Array(16_000).fill(7));
    for (const byte of bytes) records.feed(Uint8Array.of(byte));
    expect(records.pendingBytes).toBe(16_005);
    expect(next(records)).toMatchObject({ type: 23, fragment: new Uint8Array(16_000).fill(7) });
    expect(records.pendingBytes).toBe(0);
  });

  test("are copied into a shared buffer if they are small, all but the first two arrays", () => {
    const records = reader();
    for (const byte of record(23, Uint8Array.of(1, 2, 3))) {
      const piece = Uint8Array.of(byte);
      records.feed(piece);
      // The piece that is being read and the next piece are not copied, because most pieces arrive alone.
      if (records.pendingBytes > 2) piece.fill(99);
    }
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(1, 2, 3) });
  });

  test("do not share memory with a fragment that was returned", () => {
    const records = reader();
    const [one, two] = [record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))];
    for (const byte of [...one, ...two.subarray(0, 3)]) records.feed(Uint8Array.of(byte));
    const first = next(records) as { fragment: Uint8Array };
    for (const byte of two.subarray(3)) records.feed(Uint8Array.of(byte));
    first.fragment.fill(9);
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(2) });
    expect(first.fragment).toEqual(Uint8Array.of(9));
  });

  test("count with the cost of storing each record while another record is being opened", () => {
    const records = reader();
    records.changeState(protectionWith(() => new Promise(() => {})));
    for (let i = 0; i < 3; i++) records.feed(record(23, Uint8Array.of(i)));
    void records.next();
    expect(records.pendingBytes).toBe(2 * (6 + 256));
  });

  test("are opened up to 512 KiB at the same time, in small and in full records", () => {
    for (const [size, count] of [
      [1, 4000],
      [16_384, 80],
    ] as const) {
      let opened = 0;
      const records = reader();
      records.changeState(
        protectionWith((_, body) => {
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

test("an alert does not reset the count of empty records in a row", () => {
  const records = reader();
  const empty = record(23, new Uint8Array(0));
  const readRepeatedly = (count: number, bytes: Uint8Array): void => {
    for (let i = 0; i < count; i++) {
      records.feed(bytes);
      next(records);
    }
  };
  readRepeatedly(32, empty);
  readRepeatedly(1, record(21, Uint8Array.of(1, 90)));
  expect(() => readRepeatedly(1, empty)).toThrow(
    expect.objectContaining<Partial<TlsError>>({ code: "too_many_empty_records" }),
  );
});

test.each([
  ["handshake", 22],
  ["alert", 21],
  ["change_cipher_spec", 20],
] as const)("no record after a %s record is opened until that record is processed", (_, type) => {
  const opened: number[] = [];
  const records = reader();
  records.changeState(
    protectionWith((recordType, body) => {
      opened.push(recordType);
      return Promise.resolve(body);
    }),
  );
  const one = Uint8Array.of(1);
  for (const recordType of [23, 23, type, 23]) records.feed(record(recordType, one));
  void records.next();
  expect(opened).toEqual([23, 23, type]);
  void records.next();
  void records.next();
  expect(opened).toEqual([23, 23, type]);
  void records.next();
  expect(opened).toEqual([23, 23, type, 23]);
});
