import type { TlsError } from "@handclasp/core";
import { describe, expect, test } from "vitest";
import { RecordLayer } from "../../src/record/layer.ts";
import type { Protection } from "../../src/record/protection.ts";
import { record } from "../handshake/mitm.ts";

const layer = (): RecordLayer =>
  new RecordLayer({ maxFragment: 16_384, wake() {}, trace: undefined, traceSecrets: false });

describe("what waits to be read", () => {
  test("single bytes become a record again, and count as what they weigh", () => {
    const records = layer();
    const bytes = record(23, new Uint8Array(16_000).fill(7));
    for (const byte of bytes) records.feed(Uint8Array.of(byte));
    expect(records.pendingIn).toBe(16_005);
    expect(records.next(false)).toMatchObject({ type: 23, fragment: new Uint8Array(16_000).fill(7) });
  });

  test("small pieces are copied together, and their own arrays let go", () => {
    const records = layer();
    for (const byte of record(23, Uint8Array.of(1, 2, 3))) {
      const piece = Uint8Array.of(byte);
      records.feed(piece);
      // The first of all is kept as it is: most come alone.
      if (records.pendingIn > 1) piece.fill(99);
    }
    expect(records.next(false)).toMatchObject({ fragment: Uint8Array.of(1, 2, 3) });
  });

  test("what is kept together stays apart from what was taken", () => {
    const records = layer();
    const [one, two] = [record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))];
    for (const byte of [...one, ...two.subarray(0, 3)]) records.feed(Uint8Array.of(byte));
    const first = records.next(false) as { fragment: Uint8Array };
    for (const byte of two.subarray(3)) records.feed(Uint8Array.of(byte));
    first.fragment.fill(9);
    expect(records.next(false)).toMatchObject({ fragment: Uint8Array.of(2) });
    expect(first.fragment).toEqual(Uint8Array.of(9));
  });
});

test("an empty handshake record is refused", () => {
  const records = layer();
  records.feed(record(22, new Uint8Array(0)));
  expect(() => records.next(false)).toThrow(expect.objectContaining<Partial<TlsError>>({ code: "empty_fragment" }));
});

test("an alert does not end a row of empty records", () => {
  const records = layer();
  const empty = record(23, new Uint8Array(0));
  const take = (count: number, bytes: Uint8Array): void => {
    for (let i = 0; i < count; i++) {
      records.feed(bytes);
      void records.next(false);
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
  const protection: Protection = {
    seal: (_type, fragment) => fragment,
    open(of, body) {
      opened.push(of);
      return Promise.resolve(body);
    },
    sequenceNumber: 0,
  };
  const records = layer();
  records.changeReadState(protection);
  const one = Uint8Array.of(1);
  for (const of of [23, 23, type, 23]) records.feed(record(of, one));
  void records.next(true);
  expect(opened).toEqual([23, 23]);
  void records.next(true);
  void records.next(true);
  expect(opened).toEqual([23, 23, type]);
  void records.next(true);
  expect(opened).toEqual([23, 23, type, 23]);
});
