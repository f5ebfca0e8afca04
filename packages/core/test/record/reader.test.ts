import {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  type TlsError,
  type TraceEvent,
} from "@handclasp/core";
import { concat } from "@handclasp/core/unstable";

import { asyncProvider } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { runFlow } from "../../src/flow.ts";
import { makeProtection } from "../../src/record/protection.ts";
import type { RecordReader, TlsRecord } from "../../src/record/reader.ts";
import { record } from "../handshake/mitm.ts";
import {
  gcm,
  manualProtection,
  next,
  pattern,
  protectionWith,
  reader,
  sealed,
  traceInto,
  turn,
  writer,
  zeros,
} from "./support.ts";

describe("promises that settle out of order", () => {
  test("do not change the order in which records are delivered and traced", async () => {
    const trace: TraceEvent[] = [];
    const records = reader({ trace: traceInto(trace) });
    const { protection, settle, waiting } = manualProtection();
    records.changeState(protection);
    records.feed(concat(...[1, 2, 3].map((byte) => record(23, Uint8Array.of(byte)))));
    const first = records.next() as Promise<TlsRecord>;
    expect(waiting).toHaveLength(3);
    await settle(1);
    await settle(2);
    expect(trace).toEqual([]);
    await settle(0);
    const got = [await first, await records.next(), await records.next()];
    expect(got.map((one) => one?.fragment[0])).toEqual([1, 2, 3]);
    expect(trace.map((event) => event.type === "record" && event.sequenceNumber)).toEqual([0, 1, 2]);
    expect(records.next()).toBeUndefined();
  });

  test("deliver the records before a malformed one", async () => {
    const records = reader();
    const { protection, settle } = manualProtection();
    records.requireTls12();
    records.changeState(protection);
    const bad = record(23, Uint8Array.of(2));
    bad[2] = 1;
    records.feed(concat(record(23, Uint8Array.of(1)), bad));
    const first = records.next() as Promise<TlsRecord>;
    await settle(0);
    expect((await first).fragment).toEqual(Uint8Array.of(1));
    await expect((async () => records.next())()).rejects.toMatchObject({ alert: "protocol_version" });
    expect(records.next()).toBeUndefined();
  });

  test.each([TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256])(
    "deliver 300 randomly delayed records of $name in order",
    async (suite) => {
      const keys = {
        key: new Uint8Array(suite.keyLength).fill(1),
        macKey: new Uint8Array(0),
        iv: new Uint8Array(suite.fixedIvLength).fill(2),
      };
      const provider = asyncProvider(noble, { maxDelayMs: 2 });
      let wake = (): void => {};
      const out = writer({ scheduleTake: () => wake() });
      out.changeState(await runFlow(makeProtection(provider, suite, keys, zeros)));
      const into = reader();
      into.changeState(await runFlow(makeProtection(provider, suite, keys, zeros)));
      const drained = new Promise<void>((resolve) => {
        wake = () => {
          for (const bytes of out.take()) into.feed(bytes);
          if (out.isDrained) resolve();
        };
      });
      for (let i = 0; i < 300; i++) {
        out.send(23, Uint8Array.of(i >> 8, i & 255));
        for (const bytes of out.take()) into.feed(bytes);
      }
      await drained;
      for (let i = 0; i < 300; i++) expect((await into.next())?.fragment).toEqual(Uint8Array.of(i >> 8, i & 255));
    },
  );

  test("cause no unhandled rejection if a second record fails after the first", async () => {
    const records = reader();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    records.changeState(
      protectionWith(async () => {
        throw new Error("bad");
      }),
    );
    records.feed(concat(record(23, Uint8Array.of(1)), record(23, Uint8Array.of(2))));
    await expect(records.next()).rejects.toThrow("bad");
    await turn();
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });
});

describe("a record that is not admitted", () => {
  test("waits until it is admitted, and asks for admission only once it is complete", () => {
    const requests: number[] = [];
    let isOpen = false;
    const admit = (bytes: number): boolean => {
      requests.push(bytes);
      return isOpen;
    };
    const records = reader({ admission: { admit } });
    const [one, two] = [record(23, Uint8Array.of(1, 2, 3)), record(23, Uint8Array.of(4))];
    records.feed(one.subarray(0, 7));
    expect(next(records)).toBeUndefined();
    expect(records.awaitsAdmission).toBe(false);
    expect(requests).toEqual([]);
    records.feed(concat(one.subarray(7), two));
    for (let i = 0; i < 2; i++) {
      expect(next(records)).toBeUndefined();
      expect(records.awaitsAdmission).toBe(true);
      expect(records.pendingBytes).toBe(one.length + two.length);
    }
    isOpen = true;
    expect(next(records)).toMatchObject({ type: 23, fragment: Uint8Array.of(1, 2, 3) });
    expect(records.awaitsAdmission).toBe(false);
    isOpen = false;
    expect(next(records)).toBeUndefined();
    expect(records.awaitsAdmission).toBe(true);
    isOpen = true;
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(4) });
    expect(next(records)).toBeUndefined();
    expect(records.awaitsAdmission).toBe(false);
    expect(records.pendingBytes).toBe(0);
    expect(requests).toEqual([3, 3, 3, 1, 1]);
  });

  test("gets its sequence number only when it is opened", () => {
    let isOpen = false;
    const records = reader({ admission: { admit: () => isOpen } });
    records.changeState(gcm());
    records.feed(record(23, sealed(gcm(), 23, Uint8Array.of(1))));
    expect(next(records)).toBeUndefined();
    isOpen = true;
    expect(next(records)).toMatchObject({ fragment: Uint8Array.of(1) });
  });

  test("is still refused if its header is wrong", () => {
    const records = reader({ admission: { admit: () => false } });
    records.feed(Uint8Array.of(23, 3, 3, 0x40, 0x01));
    expect(() => next(records)).toThrow(expect.objectContaining({ alert: "record_overflow" }));
  });

  test("is not opened together with the admitted records before it", async () => {
    let room = 2;
    const records = reader({ admission: { admit: () => room-- > 0 } });
    const { protection, settle, waiting } = manualProtection();
    records.changeState(protection);
    records.feed(concat(...[1, 2, 3, 4].map((byte) => record(23, Uint8Array.of(byte)))));
    const first = records.next() as Promise<TlsRecord>;
    expect(waiting).toHaveLength(2);
    expect(records.awaitsAdmission).toBe(true);
    room = 1;
    const second = records.next() as Promise<TlsRecord>;
    expect(waiting).toHaveLength(3);
    for (const i of [2, 1, 0]) await settle(i);
    expect((await first).fragment).toEqual(Uint8Array.of(1));
    expect((await second).fragment).toEqual(Uint8Array.of(2));
    room = 1;
    expect((await records.next())?.fragment).toEqual(Uint8Array.of(3));
    expect(waiting).toHaveLength(4);
  });
});

describe("negotiated limits", () => {
  const overflow = expect.objectContaining({ alert: "record_overflow" });

  test("max_fragment_length applies to every later record (RFC 6066 §4)", () => {
    const records = reader();
    records.setLimit(512, undefined);
    records.feed(record(22, zeros(512)));
    expect(next(records)?.fragment).toHaveLength(512);
    records.changeState(gcm());
    const sealer = gcm();
    records.feed(record(23, sealed(sealer, 23, zeros(512))));
    expect(next(records)?.fragment).toHaveLength(512);
    records.feed(record(23, sealed(sealer, 23, zeros(513))));
    expect(() => next(records)).toThrow(overflow);
  });

  test("max_fragment_length applies to unprotected records too", () => {
    const records = reader();
    records.setLimit(512, undefined);
    records.feed(record(22, zeros(513)));
    expect(() => next(records)).toThrow(overflow);
  });

  test("record_size_limit applies only to protected records (RFC 8449 §4)", () => {
    const records = reader();
    records.setLimit(16_384, 64);
    records.feed(record(22, zeros(16_384)));
    expect(next(records)?.fragment).toHaveLength(16_384);
    records.changeState(gcm());
    const sealer = gcm();
    records.feed(record(23, sealed(sealer, 23, zeros(64))));
    expect(next(records)?.fragment).toHaveLength(64);
    records.feed(record(23, sealed(sealer, 23, zeros(65))));
    expect(() => next(records)).toThrow(overflow);
    expect(next(records)).toBeUndefined();
  });

  test("a header is refused if its length exceeds the limit plus the largest possible expansion", () => {
    for (const [now, underKeys] of [
      [512, undefined],
      [16_384, 512],
    ] as const) {
      const records = reader();
      records.setLimit(now, underKeys);
      records.changeState(gcm());
      records.feed(Uint8Array.of(23, 3, 3, (512 + 2049) >> 8, (512 + 2049) & 255));
      expect(() => next(records)).toThrow(overflow);
    }
  });
});

describe("a reader refuses", () => {
  const refusal = (records: RecordReader, bytes: Uint8Array): TlsError => {
    records.feed(bytes);
    try {
      next(records);
    } catch (error) {
      // The reader reads no later record.
      records.feed(record(23, Uint8Array.of(1)));
      expect(next(records)).toBeUndefined();
      return error as TlsError;
    }
    throw new Error("expected an error, but the record was accepted");
  };
  const underKeys = (): RecordReader => {
    const records = reader();
    records.changeState(gcm());
    return records;
  };
  const header = (length: number): Uint8Array => Uint8Array.of(23, 3, 3, length >> 8, length & 255);

  test("plaintext of more than 2^14 bytes, as soon as the header is read", () => {
    expect(refusal(reader(), header(16_385))).toMatchObject({ alert: "record_overflow" });
    const records = reader();
    records.feed(record(23, new Uint8Array(16_384)));
    expect(next(records)?.fragment).toHaveLength(16_384);
  });
  test("ciphertext of more than 2^14 + 2048 bytes, as soon as the header is read", () => {
    expect(refusal(underKeys(), header(16_384 + 2049))).toMatchObject({ alert: "record_overflow" });
  });
  test("ciphertext that opens to more than 2^14 bytes", () => {
    expect(refusal(underKeys(), record(23, sealed(gcm(), 23, new Uint8Array(16_385))))).toMatchObject({
      alert: "record_overflow",
    });
  });
  test.each([0, 1, 8, 23])("ciphertext of %i bytes, too short for its nonce and tag", (length) => {
    expect(refusal(underKeys(), record(23, new Uint8Array(length)))).toMatchObject({ alert: "bad_record_mac" });
  });
  test("a record that is repeated, reordered, or has another type", () => {
    const sealer = gcm();
    const one = sealed(sealer, 23, Uint8Array.of(1));
    const two = sealed(sealer, 23, Uint8Array.of(2));
    for (const [type, body] of [
      [23, two],
      [22, one],
    ] as const)
      expect(refusal(underKeys(), record(type, body))).toMatchObject({ alert: "bad_record_mac" });
    const records = underKeys();
    records.feed(record(23, one));
    expect(next(records)?.fragment).toEqual(Uint8Array.of(1));
    expect(refusal(records, record(23, one))).toMatchObject({ alert: "bad_record_mac" });
  });
  test("a record with any bit of its body altered", () => {
    const original = record(23, sealed(gcm(), 23, Uint8Array.of(1, 2, 3)));
    for (let bit = 5 * 8; bit < original.length * 8; bit++) {
      const altered = original.slice();
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(refusal(underKeys(), altered)).toMatchObject({ alert: "bad_record_mac" });
    }
  });
  test.each([0, 19, 24, 0x80])("a record of type %i", (type) => {
    expect(refusal(reader(), record(type, Uint8Array.of(1)))).toMatchObject({
      alert: "unexpected_message",
      message: expect.stringContaining("not TLS"),
    });
  });
});

describe("a reader accepts any boundaries of the received bytes", () => {
  const bodies = [pattern(1), zeros(0), pattern(3000), pattern(300), zeros(0), pattern(7)];
  const wire = concat(...bodies.map((body) => record(23, body)));
  const fragmentsOf = (pieces: readonly Uint8Array[]): Uint8Array[] => {
    const records = reader();
    const fragments: Uint8Array[] = [];
    for (const piece of pieces) {
      records.feed(piece);
      for (let one = next(records); one; one = next(records)) fragments.push(one.fragment.slice());
    }
    expect(records.pendingBytes).toBe(0);
    return fragments;
  };

  test("if headers are split over pieces of any length", () => {
    for (const size of [1, 2, 3, 4, 5, 6, 7, 255, 256, 257, 1000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < wire.length; at += size) pieces.push(wire.slice(at, at + size));
      expect(fragmentsOf(pieces)).toEqual(bodies);
    }
  });
  test("if two boundaries are anywhere in and around a header", () => {
    const two = concat(record(23, pattern(300)), record(22, pattern(400)));
    for (let from = 298; from <= 312; from++)
      for (let to = from; to <= 312; to++)
        expect(fragmentsOf([two.slice(0, from), two.slice(from, to), two.slice(to)])).toEqual([
          pattern(300),
          pattern(400),
        ]);
  });
  test("if all bytes arrive before the first record is read", () => {
    const records = reader();
    for (let at = 0; at < wire.length; at += 2) records.feed(wire.slice(at, at + 2));
    expect(bodies.map(() => next(records)?.fragment)).toEqual(bodies);
    expect(records.pendingBytes).toBe(0);
  });
});
