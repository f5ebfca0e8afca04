/**
 * Records of one turn are built in one piece of lent memory. Each byte of that memory is given back after `seal` has
 * settled, unless its record is dropped.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinContiguous } from "../../src/bytes/bytes.ts";
import type { Protection } from "../../src/record/protection.ts";
import { manualProtection, pattern, protectionWith, trackedMemory, turn, writer, zeros } from "./support.ts";

const overhead = 24;

/**
 * A protection whose promises the test settles, or that is synchronous while `isSlow` returns false. `outs` has the
 * memory of each record.
 */
function slowProtection(isSlow: () => boolean = () => true, mayWrite: (out: Uint8Array) => void = () => {}) {
  const outs: Uint8Array[] = [];
  const waiting: { readonly settle: () => void; readonly fail: (error: unknown) => void }[] = [];
  let number = 1;
  const protection: Protection = {
    ...protectionWith((_, body) => body),
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

describe("an asynchronous provider on lent memory", () => {
  test("seals all records of a turn into one piece of memory, from which they are sent", async () => {
    const tracked = trackedMemory();
    const out = writer({ memory: tracked.memory });
    const { protection, outs, waiting } = slowProtection();
    out.changeState(protection);
    const round = async (): Promise<Uint8Array[]> => {
      for (let i = 0; i < 3; i++) out.send(23, pattern(16_384));
      out.send(23, pattern(100));
      out.flush();
      for (const { settle } of waiting.splice(0)) settle();
      await turn();
      return out.take();
    };
    // In the first turn, the writer does not know the number of bytes that will be sent.
    for (const bytes of await round()) tracked.memory.release(bytes);
    const before = tracked.takes;
    outs.length = 0;
    const records = await round();
    expect(tracked.takes).toBe(before + 1);
    const message = joinContiguous(records);
    expect(tracked.owns(message)).toBe(true);
    expect(message).toHaveLength(3 * (5 + 16_384 + overhead) + 5 + 100 + overhead);
    for (const [i, record] of records.entries()) {
      expect(outs[i]?.buffer).toBe(message.buffer);
      expect(outs[i]?.byteOffset).toBe(record.byteOffset + 5);
      expect(outs[i]).toHaveLength(record.length - 5);
    }
    expect(tracked.lent).toBe(message.length);
    tracked.memory.release(message);
    expect(tracked.lent).toBe(0);
    expect(tracked.faults).toEqual([]);
  });

  test("lets `take` give back unused memory while a record is being sealed, but no memory of that record", async () => {
    const tracked = trackedMemory();
    const out = writer({ memory: tracked.memory });
    const { protection, waiting } = slowProtection();
    out.changeState(protection);
    out.send(23, pattern(16_384));
    waiting[0]?.settle();
    await turn();
    for (const bytes of out.take()) tracked.memory.release(bytes);
    expect(tracked.lent).toBe(0);
    // The piece of memory is as long as the records of the last `take`, and the next record needs a part of it.
    out.send(23, pattern(1000));
    expect(out.take()).toEqual([]);
    expect(tracked.lent).toBe(5 + 1000 + overhead);
    waiting[1]?.settle();
    await turn();
    const [record] = out.take() as [Uint8Array];
    expect(tracked.isLent(record)).toBe(true);
    expect(record.subarray(5, 1005)).toEqual(pattern(1000));
    expect(tracked.faults).toEqual([]);
  });

  test("may still write to the memory of dropped records, which is never given back", async () => {
    const tracked = trackedMemory();
    const out = writer({ memory: tracked.memory });
    const { protection, outs, waiting } = slowProtection(undefined, (bytes) =>
      expect(tracked.isLent(bytes)).toBe(true),
    );
    out.changeState(protection);
    for (let i = 0; i < 2; i++) out.send(23, zeros(16_384));
    out.drop();
    expect(out.isDrained).toBe(true);
    expect(out.pendingBytes).toBe(0);
    expect(out.take()).toEqual([]);
    for (const bytes of outs) expect(tracked.isLent(bytes)).toBe(true);
    for (const { settle } of waiting) settle();
    await turn();
    expect(out.take()).toEqual([]);
    expect(tracked.lent).toBe(2 * (5 + 16_384 + overhead));
    expect(tracked.faults).toEqual([]);
  });

  test("makes the writer drop a record that fails and those after it, whose memory remains lent", async () => {
    const tracked = trackedMemory();
    const out = writer({ memory: tracked.memory });
    const { protection, outs, waiting } = slowProtection();
    out.changeState(protection);
    for (let i = 0; i < 3; i++) out.send(23, zeros(16_384));
    waiting[0]?.settle();
    waiting[1]?.fail(new Error("the provider broke"));
    await turn();
    expect(() => out.take()).toThrow("the provider broke");
    const [first] = out.take();
    expect(first).toHaveLength(5 + 16_384 + overhead);
    tracked.memory.release(first as Uint8Array);
    for (const bytes of outs.slice(1)) expect(tracked.isLent(bytes)).toBe(true);
    waiting[2]?.settle();
    await turn();
    expect(tracked.faults).toEqual([]);
  });
});

test("records that `hold` delays keep their memory until they are sent", async () => {
  const tracked = trackedMemory();
  const out = writer({ memory: tracked.memory });
  out.hold();
  out.send(22, zeros(200));
  expect(out.take()).toEqual([]);
  out.send(20, Uint8Array.of(1));
  const { protection, settle } = manualProtection();
  out.changeState(protection);
  out.send(22, zeros(12));
  expect(out.take()).toEqual([]);
  await settle(0);
  const records = out.take();
  expect(records).toHaveLength(3);
  for (const bytes of records) {
    expect(tracked.isLent(bytes)).toBe(true);
    tracked.memory.release(bytes);
  }
  expect(tracked.lent).toBe(0);
  expect(tracked.faults).toEqual([]);
});

test("each byte is given back once unless its record is not sent, in whatever order the promises settle", async () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 8000, max: 40_000 }));
  const step = fc.oneof(
    fc.record({ what: fc.constant("send" as const), type: fc.constantFrom(21 as const, 23 as const), size }),
    fc.record({ what: fc.constantFrom("settle" as const, "fail" as const), which: fc.nat(5) }),
    fc.record({ what: fc.constantFrom("take" as const, "take" as const, "flush" as const, "drop" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(fc.boolean()), async (steps, speeds) => {
      const tracked = trackedMemory();
      const out = writer({ memory: tracked.memory });
      let seals = 0;
      const { protection, outs, waiting } = slowProtection(
        () => speeds[seals++ % Math.max(1, speeds.length)] ?? true,
        (bytes) => {
          if (!tracked.isLent(bytes)) tracked.faults.push("a record is sealed in memory that is not its own");
        },
      );
      out.changeState(protection);
      const sent = new Set<Uint8Array>();
      const take = (): void => {
        try {
          for (const bytes of out.take()) {
            const body = outs.find(
              ({ buffer, byteOffset }) => buffer === bytes.buffer && byteOffset === bytes.byteOffset + 5,
            );
            sent.add(body as Uint8Array);
            tracked.memory.release(bytes);
          }
        } catch (error) {
          expect(error).toMatchObject({ message: "the provider broke" });
        }
      };
      for (const step of steps) {
        if (step.what === "send") out.send(step.type, pattern(step.size));
        else if (step.what === "take") take();
        else if (step.what === "settle") waiting.splice(step.which, 1)[0]?.settle();
        else if (step.what === "fail") waiting.splice(step.which, 1)[0]?.fail(new Error("the provider broke"));
        else out[step.what]();
        await turn();
      }
      out.flush();
      for (const { settle } of waiting.splice(0)) settle();
      await turn();
      // The first call throws the error of a failed record, if there is one.
      take();
      take();
      const unsent = outs.filter((body) => !sent.has(body)).reduce((sum, bytes) => sum + 5 + bytes.length, 0);
      expect(tracked.faults).toEqual([]);
      expect(tracked.lent).toBe(unsent);
      expect(out.pendingBytes).toBe(0);
    }),
  );
});
