/** Lent memory and the records in it: built in one piece, given back byte by byte, and not before the seal has settled. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinContiguous } from "../../src/bytes/bytes.ts";
import type { Protection } from "../../src/record/protection.ts";
import { answering, handHeld, pattern, turn, watched, writer, zeros } from "./support.ts";

const overhead = 24;

/** Seals when told, or at once where `isSlow` says so; remembers where each record went. */
function slow(isSlow: () => boolean = () => true, mayWrite: (out: Uint8Array) => void = () => {}) {
  const outs: Uint8Array[] = [];
  const waiting: { readonly settle: () => void; readonly fail: (error: unknown) => void }[] = [];
  let number = 1;
  const protection: Protection = {
    ...answering((_, body) => body),
    sealedLength: (length) => length + overhead,
    seal(_, fragment, out) {
      number++;
      outs.push(out);
      const write = (): void => {
        mayWrite(out);
        out.set(fragment);
        out.fill(0xaa, fragment.length);
      };
      if (!isSlow()) return write();
      return new Promise((resolve, reject) => waiting.push({ settle: () => resolve(write()), fail: reject }));
    },
    get sequenceNumber() {
      return number;
    },
  };
  return { protection, outs, waiting };
}

describe("a provider that answers later, on lent memory", () => {
  test("all records of a turn are sealed into one piece of memory, where they are to go out from", async () => {
    const lending = watched();
    const out = writer({ memory: lending.memory });
    const { protection, outs, waiting } = slow();
    out.changeState(protection);
    const round = async (): Promise<Uint8Array[]> => {
      for (let i = 0; i < 3; i++) out.send(23, pattern(16_384));
      out.send(23, pattern(100));
      out.seal();
      for (const { settle } of waiting.splice(0)) settle();
      await turn();
      return out.take();
    };
    // The first turn does not know how much will come.
    for (const bytes of await round()) lending.memory.give(bytes);
    const before = lending.takes;
    outs.length = 0;
    const records = await round();
    expect(lending.takes).toBe(before + 1);
    const message = joinContiguous(records);
    expect(lending.owns(message)).toBe(true);
    expect(message).toHaveLength(3 * (5 + 16_384 + overhead) + 5 + 100 + overhead);
    for (const [i, record] of records.entries()) {
      expect(outs[i]?.buffer).toBe(message.buffer);
      expect(outs[i]?.byteOffset).toBe(record.byteOffset + 5);
      expect(outs[i]).toHaveLength(record.length - 5);
    }
    expect(lending.lent).toBe(message.length);
    lending.memory.give(message);
    expect(lending.lent).toBe(0);
    expect(lending.faults).toEqual([]);
  });

  test("what is taken while a record is sealed gives back what is not used, and nothing of that record", async () => {
    const lending = watched();
    const out = writer({ memory: lending.memory });
    const { protection, waiting } = slow();
    out.changeState(protection);
    out.send(23, pattern(16_384));
    waiting[0]?.settle();
    await turn();
    for (const bytes of out.take()) lending.memory.give(bytes);
    expect(lending.lent).toBe(0);
    // Its piece of memory is as long as all that went out before, and it needs a part of it.
    out.send(23, pattern(1000));
    expect(out.take()).toEqual([]);
    expect(lending.lent).toBe(5 + 1000 + overhead);
    waiting[1]?.settle();
    await turn();
    const [record] = out.take() as [Uint8Array];
    expect(lending.isLent(record)).toBe(true);
    expect(record.subarray(5, 1005)).toEqual(pattern(1000));
    expect(lending.faults).toEqual([]);
  });

  test("what was dropped is never given back: the provider may still write there", async () => {
    const lending = watched();
    const out = writer({ memory: lending.memory });
    const { protection, outs, waiting } = slow(undefined, (bytes) => expect(lending.isLent(bytes)).toBe(true));
    out.changeState(protection);
    for (let i = 0; i < 2; i++) out.send(23, zeros(16_384));
    out.drop();
    expect(out.idle).toBe(true);
    expect(out.pending).toBe(0);
    expect(out.take()).toEqual([]);
    for (const bytes of outs) expect(lending.isLent(bytes)).toBe(true);
    for (const { settle } of waiting) settle();
    await turn();
    expect(out.take()).toEqual([]);
    expect(lending.lent).toBe(2 * (5 + 16_384 + overhead));
    expect(lending.faults).toEqual([]);
  });

  test("a failed record takes those behind it along, and their memory stays theirs", async () => {
    const lending = watched();
    const out = writer({ memory: lending.memory });
    const { protection, outs, waiting } = slow();
    out.changeState(protection);
    for (let i = 0; i < 3; i++) out.send(23, zeros(16_384));
    waiting[0]?.settle();
    waiting[1]?.fail(new Error("the provider broke"));
    await turn();
    expect(() => out.take()).toThrow("the provider broke");
    const [first] = out.take();
    expect(first).toHaveLength(5 + 16_384 + overhead);
    lending.memory.give(first as Uint8Array);
    for (const bytes of outs.slice(1)) expect(lending.isLent(bytes)).toBe(true);
    waiting[2]?.settle();
    await turn();
    expect(lending.faults).toEqual([]);
  });
});

test("what is held keeps its memory until it goes out", async () => {
  const lending = watched();
  const out = writer({ memory: lending.memory });
  out.hold();
  out.send(22, zeros(200));
  expect(out.take()).toEqual([]);
  out.send(20, Uint8Array.of(1));
  const { protection, settle } = handHeld();
  out.changeState(protection);
  out.send(22, zeros(12));
  expect(out.take()).toEqual([]);
  await settle(0);
  const records = out.take();
  expect(records).toHaveLength(3);
  for (const bytes of records) {
    expect(lending.isLent(bytes)).toBe(true);
    lending.memory.give(bytes);
  }
  expect(lending.lent).toBe(0);
  expect(lending.faults).toEqual([]);
});

test("each byte is the receiver's to give once, or was dropped, whatever settles when", async () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 8000, max: 40_000 }));
  const step = fc.oneof(
    fc.record({ what: fc.constant("send" as const), type: fc.constantFrom(21 as const, 23 as const), size }),
    fc.record({ what: fc.constantFrom("settle" as const, "fail" as const), which: fc.nat(5) }),
    fc.record({ what: fc.constantFrom("take" as const, "take" as const, "seal" as const, "drop" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(fc.boolean()), async (steps, speeds) => {
      const lending = watched();
      const out = writer({ memory: lending.memory });
      let seals = 0;
      const { protection, outs, waiting } = slow(
        () => speeds[seals++ % Math.max(1, speeds.length)] ?? true,
        (bytes) => {
          if (!lending.isLent(bytes)) lending.faults.push("a record is sealed in memory that is not its own");
        },
      );
      out.changeState(protection);
      const gone = new Set<Uint8Array>();
      const take = (): void => {
        try {
          for (const bytes of out.take()) {
            const body = outs.find((one) => one.buffer === bytes.buffer && one.byteOffset === bytes.byteOffset + 5);
            gone.add(body as Uint8Array);
            lending.memory.give(bytes);
          }
        } catch (error) {
          expect(error).toMatchObject({ message: "the provider broke" });
        }
      };
      for (const one of steps) {
        if (one.what === "send") out.send(one.type, pattern(one.size));
        else if (one.what === "take") take();
        else if (one.what === "settle") waiting.splice(one.which, 1)[0]?.settle();
        else if (one.what === "fail") waiting.splice(one.which, 1)[0]?.fail(new Error("the provider broke"));
        else out[one.what]();
        await turn();
      }
      out.seal();
      for (const { settle } of waiting.splice(0)) settle();
      await turn();
      // What failed is told by the first.
      take();
      take();
      const kept = outs.filter((one) => !gone.has(one)).reduce((sum, bytes) => sum + 5 + bytes.length, 0);
      expect(lending.faults).toEqual([]);
      expect(lending.lent).toBe(kept);
      expect(out.pending).toBe(0);
    }),
  );
});
