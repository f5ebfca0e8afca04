import type { TraceEvent } from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { describe, expect, test } from "vitest";
import type { RecordWriter } from "../../src/record/writer.ts";
import { parseRecords, record } from "../handshake/mitm.ts";
import { gcm, manualProtection, next, pattern, protectionWith, reader, traceInto, writer, zeros } from "./support.ts";

/** The lengths of the bodies of the records that `take` returns. */
const lengths = (out: RecordWriter): number[] => parseRecords(concat(...out.take())).map(({ body }) => body.length);
const types = (out: RecordWriter): number[] => parseRecords(concat(...out.take())).map(({ type }) => type);

describe("data that is sent before a call of `take`", () => {
  test.each([
    { writes: [1, 2, 3], records: [6] },
    { writes: [16_383, 1, 1], records: [16_384, 1] },
    { writes: [16_384, 16_384], records: [16_384, 16_384] },
    { writes: [40_000, 10_000], records: [16_384, 16_384, 16_384, 848] },
    { writes: [1, 40_000], records: [16_384, 16_384, 7233] },
  ])("becomes records of $records bytes after writes of $writes", ({ writes, records }) => {
    const out = writer();
    const data = writes.map(pattern);
    for (const bytes of data) out.send(23, bytes);
    expect(out.pendingBytes).toBeGreaterThanOrEqual(writes.reduce((sum, length) => sum + length));
    const taken = concat(...out.take());
    expect(parseRecords(taken).map(({ body }) => body.length)).toEqual(records);
    expect(out.pendingBytes).toBe(0);
    const into = reader();
    into.feed(taken);
    const fragments = records.map(() => next(into)?.fragment as Uint8Array);
    expect(concat(...fragments)).toEqual(concat(...data));
  });

  test("may be changed by the sender at once", () => {
    const out = writer();
    const bytes = Uint8Array.of(1);
    out.send(23, bytes);
    bytes[0] = 2;
    out.send(23, bytes);
    expect(concat(...out.take())).toEqual(record(23, Uint8Array.of(1, 2)));
  });

  test("is sent before a later alert", () => {
    const out = writer();
    out.send(23, Uint8Array.of(1));
    out.send(21, Uint8Array.of(1, 0));
    out.send(23, Uint8Array.of(2));
    const expected = [record(23, Uint8Array.of(1)), record(21, Uint8Array.of(1, 0)), record(23, Uint8Array.of(2))];
    expect(concat(...out.take())).toEqual(concat(...expected));
  });

  test("takes less than twice its length in memory, even if the peer accepts only 63 bytes in a record", () => {
    const buffers = new Set<ArrayBufferLike>();
    const out = writer();
    out.setLimit(16_384, 63);
    out.changeState({
      ...protectionWith((_, body) => body),
      seal(_, fragment) {
        buffers.add(fragment.buffer);
        return new Promise(() => {});
      },
    });
    out.send(23, new Uint8Array(1));
    out.send(23, new Uint8Array(65_536));
    let total = 0;
    for (const { byteLength } of buffers) total += byteLength;
    expect(total).toBeLessThan(2 * 65_536);
  });
});

describe("promises that settle out of order", () => {
  test("do not change the order in which records are sent and traced", async () => {
    const trace: TraceEvent[] = [];
    let takeRequests = 0;
    const out = writer({ trace: traceInto(trace), scheduleTake: () => takeRequests++ });
    const { protection, settle } = manualProtection();
    out.changeState(protection);
    for (const byte of [1, 2, 3]) {
      out.send(23, Uint8Array.of(byte));
      expect(out.take()).toEqual([]);
    }
    expect(out.pendingBytes).toBe(3 * 6);
    await settle(2);
    await settle(1);
    expect(out.take()).toEqual([]);
    expect(out.isDrained).toBe(false);
    expect(takeRequests).toBe(2);
    await settle(0);
    expect(concat(...out.take())).toEqual(concat(...[1, 2, 3].map((byte) => record(23, Uint8Array.of(byte)))));
    expect(trace.map((event) => event.type === "record" && event.sequenceNumber)).toEqual([0, 1, 2]);
    expect(out.pendingBytes).toBe(0);
    expect(out.isDrained).toBe(true);
  });

  test("let the records before a failure be sent, but nothing after it, which the peer could not open", async () => {
    const out = writer();
    const { protection, settle, fail } = manualProtection();
    out.changeState(protection);
    for (const byte of [1, 2, 3]) {
      out.send(23, Uint8Array.of(byte));
      out.flush();
    }
    await settle(0);
    await settle(2);
    await fail(1, new Error("the provider broke"));
    expect(() => out.take()).toThrow("the provider broke");
    out.send(21, Uint8Array.of(2, 80));
    expect(concat(...out.take())).toEqual(record(23, Uint8Array.of(1)));
    expect(out.pendingBytes).toBe(0);
  });
});

describe("fragments", () => {
  test.each([[64], [1000], [16_384]])("have at most %i bytes, and a reader returns them all", (maxFragment) => {
    const out = writer({ maxFragment });
    const message = new Uint8Array(40_001).map((_, i) => i);
    out.send(22, message);
    const into = reader();
    for (const bytes of out.take()) into.feed(bytes);
    const fragments: Uint8Array[] = [];
    for (let one = next(into); one; one = next(into)) {
      expect(one.fragment.length).toBeLessThanOrEqual(maxFragment);
      fragments.push(one.fragment);
    }
    expect(fragments).toHaveLength(Math.ceil(message.length / maxFragment));
    expect(concat(...fragments)).toEqual(message);
  });
  test("are one empty record for an empty message", () => {
    const out = writer();
    out.send(23, new Uint8Array(0));
    expect(concat(...out.take())).toEqual(Uint8Array.of(23, 3, 3, 0, 0));
  });
});

test("only handshake records have the first version, until a version is negotiated (RFC 5246 §E.1)", () => {
  const out = writer({ firstVersion: 0x0301 });
  const versions = (): number[] => parseRecords(concat(...out.take())).map(({ header }) => header[2] as number);
  out.send(22, zeros(4));
  out.send(21, Uint8Array.of(2, 40));
  expect(versions()).toEqual([1, 3]);
  out.useTls12();
  out.send(22, zeros(4));
  expect(versions()).toEqual([3]);
});

describe("a record that `hold` delays", () => {
  test("is sent with ChangeCipherSpec and the first record under the new keys", async () => {
    const { protection, settle } = manualProtection();
    const out = writer();
    out.hold();
    out.send(22, zeros(4));
    expect(types(out)).toEqual([]);
    // A delayed record does not make the writer busy.
    expect(out.isDrained).toBe(true);
    out.send(20, Uint8Array.of(1));
    out.changeState(protection);
    out.send(22, zeros(12));
    expect(types(out)).toEqual([]);
    expect(out.isDrained).toBe(false);
    await settle(0);
    expect(types(out)).toEqual([22, 20, 22]);
    out.send(23, zeros(5));
    out.flush();
    await settle(1);
    expect(types(out)).toEqual([23]);
  });

  test("is sent before an alert", () => {
    const out = writer();
    out.hold();
    out.send(22, zeros(4));
    out.send(21, Uint8Array.of(2, 40));
    expect(types(out)).toEqual([22, 21]);
  });
});

describe("negotiated limits", () => {
  const sentLengths = (out: RecordWriter, message: Uint8Array): number[] => {
    out.send(23, message);
    return lengths(out);
  };

  test("max_fragment_length applies to every later record (RFC 6066 §4)", () => {
    const out = writer();
    out.setLimit(512, undefined);
    expect(sentLengths(out, zeros(1100))).toEqual([512, 512, 76]);
    out.changeState(gcm());
    expect(sentLengths(out, zeros(1100))).toEqual([512 + 24, 512 + 24, 76 + 24]);
  });

  test("record_size_limit applies only to protected records (RFC 8449 §4)", () => {
    const out = writer();
    out.setLimit(16_384, 100);
    expect(sentLengths(out, zeros(1100))).toEqual([1100]);
    out.changeState(gcm());
    expect(sentLengths(out, zeros(201))).toEqual([124, 124, 25]);
  });

  test("our own limit still applies if the peer accepts more", () => {
    const out = writer({ maxFragment: 200 });
    out.setLimit(512, undefined);
    expect(sentLengths(out, zeros(401))).toEqual([200, 200, 1]);
    out.setLimit(16_384, 300);
    out.changeState(gcm());
    expect(sentLengths(out, zeros(401))).toEqual([224, 224, 25]);
  });
});
