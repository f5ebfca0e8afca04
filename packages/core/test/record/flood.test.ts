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

  test("what is kept together stays apart from what was taken", () => {
    const records = layer();
    const [one, two] = [record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))];
    records.feed(one);
    const first = records.next(false) as { fragment: Uint8Array };
    records.feed(two);
    records.feed(one);
    const second = records.next(false) as { fragment: Uint8Array };
    first.fragment.fill(9);
    expect(second.fragment).toEqual(Uint8Array.of(2));
    expect(records.next(false)).toMatchObject({ fragment: Uint8Array.of(1) });
  });

  test("64 Ki single bytes are put together in far less than the square of their number", () => {
    const records = layer();
    const bytes = record(22, new Uint8Array(16_000));
    const start = performance.now();
    for (let turn = 0; turn < 4; turn++) {
      for (const byte of bytes) records.feed(Uint8Array.of(byte));
      expect(records.next(false)).toMatchObject({ type: 22 });
    }
    // Some 10 ms; the square takes minutes, so the bound says nothing about the machine.
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test("an empty handshake record is refused", () => {
  const records = layer();
  records.feed(record(22, new Uint8Array(0)));
  expect(() => records.next(false)).toThrow(expect.objectContaining<Partial<TlsError>>({ code: "empty_fragment" }));
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
