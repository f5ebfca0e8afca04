import {
  concat,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { asyncProvider } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { run } from "../../src/flow.ts";
import { RecordLayer, type TlsRecord } from "../../src/record/layer.ts";
import { makeProtection, type Protection } from "../../src/record/protection.ts";
import { record, records as wireRecords } from "../handshake/mitm.ts";

const layer = (trace?: TraceEvent[], wake: () => void = () => {}): RecordLayer =>
  new RecordLayer({
    maxFragment: 16_384,
    wake,
    trace: trace && ((event) => void trace.push(event)),
    traceSecrets: true,
  });

const random = (length: number): Uint8Array => new Uint8Array(length);

/** Settles every promise when told, in the order told. */
function handHeld() {
  const waiting: (() => void)[] = [];
  const later = <T>(value: T): Promise<T> => new Promise((resolve) => waiting.push(() => resolve(value)));
  let number = 0;
  const protection: Protection = {
    seal(_, fragment) {
      number++;
      return later(fragment.slice());
    },
    open(_, body) {
      number++;
      return later(body);
    },
    get sequenceNumber() {
      return number;
    },
  };
  const settle = async (index: number): Promise<void> => {
    waiting[index]?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { protection, settle, waiting };
}

describe("data that is sent before anybody takes", () => {
  const lengths = (bytes: Uint8Array): number[] => {
    const found: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
      found.push(length);
      at += 5 + length;
    }
    return found;
  };
  const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);

  test.each([
    { writes: [1, 2, 3], records: [6] },
    { writes: [16_383, 1, 1], records: [16_384, 1] },
    { writes: [16_384, 16_384], records: [16_384, 16_384] },
    { writes: [40_000, 10_000], records: [16_384, 16_384, 16_384, 848] },
    { writes: [1, 40_000], records: [16_384, 16_384, 7233] },
  ])("$writes bytes are records of $records", ({ writes, records }) => {
    const out = layer();
    const sent = writes.map(pattern);
    for (const bytes of sent) out.send(23, bytes);
    expect(out.pendingOut).toBeGreaterThanOrEqual(writes.reduce((sum, length) => sum + length));
    const taken = concat(...out.take());
    expect(lengths(taken)).toEqual(records);
    expect(out.pendingOut).toBe(0);
    const into = layer();
    into.feed(taken);
    const got = records.map(() => (into.next(true) as TlsRecord).fragment);
    expect(concat(...got)).toEqual(concat(...sent));
  });

  test("is the sender's own again at once", () => {
    const out = layer();
    const bytes = Uint8Array.of(1);
    out.send(23, bytes);
    bytes[0] = 2;
    out.send(23, bytes);
    expect(concat(...out.take())).toEqual(record(23, Uint8Array.of(1, 2)));
  });

  test("goes before an alert that is sent behind it", () => {
    const out = layer();
    out.send(23, Uint8Array.of(1));
    out.send(21, Uint8Array.of(1, 0));
    out.send(23, Uint8Array.of(2));
    const expected = [record(23, Uint8Array.of(1)), record(21, Uint8Array.of(1, 0)), record(23, Uint8Array.of(2))];
    expect(concat(...out.take())).toEqual(concat(...expected));
  });
});

describe("promises that settle out of order", () => {
  test("what is sealed goes out in order, and is traced so", async () => {
    const trace: TraceEvent[] = [];
    let woken = 0;
    const records = layer(trace, () => woken++);
    const { protection, settle } = handHeld();
    records.changeWriteState(protection);
    for (const byte of [1, 2, 3]) {
      records.send(23, Uint8Array.of(byte));
      expect(records.take()).toEqual([]);
    }
    expect(records.pendingOut).toBe(3);
    await settle(2);
    await settle(1);
    expect(records.take()).toEqual([]);
    expect(woken).toBe(2);
    await settle(0);
    expect(concat(...records.take())).toEqual(concat(...[1, 2, 3].map((byte) => record(23, Uint8Array.of(byte)))));
    expect(trace.map((event) => event.type === "record" && event.sequenceNumber)).toEqual([0, 1, 2]);
    expect(records.pendingOut).toBe(0);
    expect(records.idleOut).toBe(true);
  });

  test("what is opened is delivered in order, and traced so", async () => {
    const trace: TraceEvent[] = [];
    const records = layer(trace);
    const { protection, settle, waiting } = handHeld();
    records.changeReadState(protection);
    records.feed(concat(...[1, 2, 3].map((byte) => record(23, Uint8Array.of(byte)))));
    const first = records.next(true) as Promise<TlsRecord>;
    expect(waiting).toHaveLength(3);
    await settle(1);
    await settle(2);
    expect(trace).toEqual([]);
    await settle(0);
    const got = [await first, await records.next(true), await records.next(true)];
    expect(got.map((one) => one?.fragment[0])).toEqual([1, 2, 3]);
    expect(trace.map((event) => event.type === "record" && event.sequenceNumber)).toEqual([0, 1, 2]);
    expect(records.next(true)).toBeUndefined();
  });

  test("without `ahead` one record at a time is opened, and nothing behind a record that is no data", () => {
    const records = layer();
    const { protection, waiting } = handHeld();
    records.changeReadState(protection);
    records.feed(
      concat(
        record(23, Uint8Array.of(1)),
        record(23, Uint8Array.of(2)),
        record(21, Uint8Array.of(1, 0)),
        record(23, Uint8Array.of(3)),
      ),
    );
    void records.next(false);
    expect(waiting).toHaveLength(1);
    void records.next(true);
    expect(waiting).toHaveLength(2);
    void records.next(true);
    expect(waiting).toHaveLength(3);
  });

  test("a record that is bad on its face does not hide those before it", async () => {
    const records = layer();
    const { protection, settle } = handHeld();
    records.requireVersion();
    records.changeReadState(protection);
    const bad = record(23, Uint8Array.of(2));
    bad[2] = 1;
    records.feed(concat(record(23, Uint8Array.of(1)), bad));
    const first = records.next(true) as Promise<TlsRecord>;
    await settle(0);
    expect((await first).fragment).toEqual(Uint8Array.of(1));
    await expect((async () => records.next(true))()).rejects.toMatchObject({ alert: "protocol_version" });
    expect(records.next(true)).toBeUndefined();
  });

  test.each([TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256])(
    "300 records of $name, delayed at random, arrive in order",
    async (suite) => {
      const keys = {
        key: new Uint8Array(suite.keyLength).fill(1),
        macKey: new Uint8Array(0),
        iv: new Uint8Array(suite.fixedIvLength).fill(2),
      };
      const provider = asyncProvider(noble, { maxDelayMs: 2 });
      let wake = (): void => {};
      const out = layer(undefined, () => wake());
      out.changeWriteState(await run(makeProtection(provider, suite, keys, random)));
      const into = layer();
      into.changeReadState(await run(makeProtection(provider, suite, keys, random)));
      const drained = new Promise<void>((resolve) => {
        wake = () => {
          for (const bytes of out.take()) into.feed(bytes);
          if (out.idleOut) resolve();
        };
      });
      for (let i = 0; i < 300; i++) {
        out.send(23, Uint8Array.of(i >> 8, i & 255));
        for (const bytes of out.take()) into.feed(bytes);
      }
      await drained;
      for (let i = 0; i < 300; i++) expect((await into.next(true))?.fragment).toEqual(Uint8Array.of(i >> 8, i & 255));
    },
  );

  test("a second record that fails behind a failed head is no unhandled rejection", async () => {
    const records = layer();
    const foreign: unknown[] = [];
    const listen = (reason: unknown): void => void foreign.push(reason);
    process.on("unhandledRejection", listen);
    const bad = async (): Promise<Uint8Array> => {
      throw new Error("bad");
    };
    records.changeReadState({ seal: bad, open: bad, sequenceNumber: 0 });
    records.feed(concat(record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))));
    await expect(records.next(true)).rejects.toThrow("bad");
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off("unhandledRejection", listen);
    expect(foreign).toEqual([]);
  });
});

describe("fragments", () => {
  test.each([[64], [1000], [16_384]])("of at most %i bytes, joined again by whoever reads", (maxFragment) => {
    const out = new RecordLayer({ maxFragment, wake() {}, trace: undefined, traceSecrets: false });
    const message = new Uint8Array(40_001).map((_, i) => i);
    out.send(22, message);
    const into = layer();
    for (const bytes of out.take()) into.feed(bytes);
    const got: Uint8Array[] = [];
    for (let one = into.next(false) as TlsRecord | undefined; one; one = into.next(false) as TlsRecord | undefined) {
      expect(one.fragment.length).toBeLessThanOrEqual(maxFragment);
      got.push(one.fragment);
    }
    expect(got).toHaveLength(Math.ceil(message.length / maxFragment));
    expect(concat(...got)).toEqual(message);
  });
  test("an empty message is one empty record", () => {
    const out = layer();
    out.send(23, new Uint8Array(0));
    expect(concat(...out.take())).toEqual(Uint8Array.of(23, 3, 3, 0, 0));
  });
});

describe("what is held", () => {
  const types = (records: RecordLayer): number[] => wireRecords(concat(...records.take())).map(({ type }) => type);

  test("goes out with ChangeCipherSpec and the first record under its keys", async () => {
    const { protection, settle } = handHeld();
    const records = layer();
    records.hold();
    records.send(22, random(4));
    expect(types(records)).toEqual([]);
    records.send(20, Uint8Array.of(1));
    records.changeWriteState(protection);
    records.send(22, random(12));
    expect(types(records)).toEqual([]);
    expect(records.idleOut).toBe(false);
    await settle(0);
    expect(types(records)).toEqual([22, 20, 22]);
    records.send(23, random(5));
    records.seal();
    await settle(1);
    expect(types(records)).toEqual([23]);
  });

  test("goes out before an alert", () => {
    const records = layer();
    records.hold();
    records.send(22, random(4));
    records.send(21, Uint8Array.of(2, 40));
    expect(types(records)).toEqual([22, 21]);
  });
});

describe("limits that were agreed on", () => {
  const keys = { key: new Uint8Array(16), macKey: new Uint8Array(0), iv: new Uint8Array(4) };
  const gcm = (): Protection =>
    run(makeProtection(noble, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, keys, random)) as Protection;
  const none = { maxFragmentLength: undefined, recordSizeLimit: undefined };
  const lengths = (records: RecordLayer, message: Uint8Array): number[] => {
    records.send(23, message);
    return wireRecords(concat(...records.take())).map(({ body }) => body.length);
  };
  const overflow = expect.objectContaining({ alert: "record_overflow" });

  test("max_fragment_length is of every record from now on, either way (RFC 6066 §4)", () => {
    const records = layer();
    records.limit({ ...none, maxFragmentLength: 512 });
    expect(lengths(records, random(1100))).toEqual([512, 512, 76]);
    records.feed(record(22, random(512)));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(512);
    records.changeWriteState(gcm());
    records.changeReadState(gcm());
    expect(lengths(records, random(1100))).toEqual([512 + 24, 512 + 24, 76 + 24]);
    const sealer = gcm();
    records.feed(record(23, sealer.seal(23, random(512)) as Uint8Array));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(512);
    records.feed(record(23, sealer.seal(23, random(513)) as Uint8Array));
    expect(() => records.next(false)).toThrow(overflow);
  });

  test("record_size_limit is of records under keys alone, and each side has its own (RFC 8449 §4)", () => {
    const records = layer();
    records.limit({ ...none, recordSizeLimit: { send: 100, receive: 64 } });
    expect(lengths(records, random(1100))).toEqual([1100]);
    records.feed(record(22, random(16_384)));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(16_384);
    records.changeWriteState(gcm());
    expect(lengths(records, random(201))).toEqual([124, 124, 25]);
    // The other direction is not under keys yet.
    records.feed(record(22, random(16_384)));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(16_384);
    records.changeReadState(gcm());
    const sealer = gcm();
    records.feed(record(23, sealer.seal(23, random(64)) as Uint8Array));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(64);
    records.feed(record(23, sealer.seal(23, random(65)) as Uint8Array));
    expect(() => records.next(false)).toThrow(overflow);
    expect(records.next(false)).toBeUndefined();
  });

  test("our own bound stays where the peer takes more", () => {
    const records = new RecordLayer({ maxFragment: 200, wake() {}, trace: undefined, traceSecrets: false });
    records.limit({ ...none, maxFragmentLength: 512 });
    expect(lengths(records, random(401))).toEqual([200, 200, 1]);
    records.limit({ ...none, recordSizeLimit: { send: 300, receive: 16_384 } });
    records.changeWriteState(gcm());
    expect(lengths(records, random(401))).toEqual([224, 224, 25]);
  });

  test("a record that no cipher could have made of so little is refused by its header alone", () => {
    for (const limits of [
      { ...none, maxFragmentLength: 512 },
      { ...none, recordSizeLimit: { send: 512, receive: 512 } },
    ]) {
      const records = layer();
      records.limit(limits);
      records.changeReadState(gcm());
      records.feed(Uint8Array.of(23, 3, 3, (512 + 2049) >> 8, (512 + 2049) & 255));
      expect(() => records.next(false)).toThrow(overflow);
    }
  });
});

describe("records that are refused", () => {
  const refused = (records: RecordLayer, bytes: Uint8Array): TlsError => {
    records.feed(bytes);
    try {
      records.next(false);
    } catch (error) {
      // Nothing behind it is looked at.
      records.feed(record(23, Uint8Array.of(1)));
      expect(records.next(false)).toBeUndefined();
      return error as TlsError;
    }
    throw new Error("it was taken");
  };
  const header = (length: number): Uint8Array => Uint8Array.of(23, 3, 3, length >> 8, length & 255);
  const keys = { key: new Uint8Array(16), macKey: new Uint8Array(0), iv: new Uint8Array(4) };
  const gcm = (): Protection =>
    run(makeProtection(noble, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, keys, random)) as Protection;

  test("plaintext of more than 2^14 bytes, by its header alone", () => {
    expect(refused(layer(), header(16_385))).toMatchObject({ alert: "record_overflow" });
    const records = layer();
    records.feed(record(23, new Uint8Array(16_384)));
    expect((records.next(false) as TlsRecord).fragment).toHaveLength(16_384);
  });
  test("ciphertext of more than 2^14 + 2048 bytes, by its header alone", () => {
    const records = layer();
    records.changeReadState(gcm());
    expect(refused(records, header(16_384 + 2049))).toMatchObject({ alert: "record_overflow" });
  });
  test("ciphertext that opens to more than 2^14 bytes", () => {
    const records = layer();
    records.changeReadState(gcm());
    expect(refused(records, record(23, gcm().seal(23, new Uint8Array(16_385)) as Uint8Array))).toMatchObject({
      alert: "record_overflow",
    });
  });
  test.each([0, 1, 8, 23])("ciphertext of %i bytes, too short for its tag", (length) => {
    const records = layer();
    records.changeReadState(gcm());
    expect(refused(records, record(23, new Uint8Array(length)))).toMatchObject({ alert: "bad_record_mac" });
  });
  test("a record twice, in the wrong order, or of another type", () => {
    const [one, two] = (() => {
      const sealer = gcm();
      return [sealer.seal(23, Uint8Array.of(1)) as Uint8Array, sealer.seal(23, Uint8Array.of(2)) as Uint8Array];
    })();
    for (const [type, body] of [
      [23, two],
      [22, one],
    ] as const) {
      const records = layer();
      records.changeReadState(gcm());
      expect(refused(records, record(type, body))).toMatchObject({ alert: "bad_record_mac" });
    }
    const records = layer();
    records.changeReadState(gcm());
    records.feed(record(23, one));
    expect((records.next(false) as TlsRecord).fragment).toEqual(Uint8Array.of(1));
    expect(refused(records, record(23, one))).toMatchObject({ alert: "bad_record_mac" });
  });
  test("any bit of a record altered", () => {
    const sealed = record(23, gcm().seal(23, Uint8Array.of(1, 2, 3)) as Uint8Array);
    for (let bit = 5 * 8; bit < sealed.length * 8; bit++) {
      const altered = sealed.slice();
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      const records = layer();
      records.changeReadState(gcm());
      expect(refused(records, altered)).toMatchObject({ alert: "bad_record_mac" });
    }
  });
  test.each([0, 19, 24, 0x80])("a record of type %i", (type) => {
    expect(refused(layer(), record(type, Uint8Array.of(1)))).toMatchObject({
      alert: "unexpected_message",
      message: expect.stringContaining("not TLS"),
    });
  });
});

test("what waits for more takes no more memory than its record, however short a peer wants it", () => {
  const kept = new Set<ArrayBufferLike>();
  const out = layer();
  out.limit({ maxFragmentLength: undefined, recordSizeLimit: { send: 63, receive: 16_384 } });
  out.changeWriteState({
    seal(_, fragment) {
      kept.add(fragment.buffer);
      return new Promise(() => {});
    },
    open: (_, body) => body,
    sequenceNumber: 0,
  });
  out.send(23, new Uint8Array(1));
  out.send(23, new Uint8Array(65_536));
  let held = 0;
  for (const { byteLength } of kept) held += byteLength;
  expect(held).toBeLessThan(2 * 65_536);
});
