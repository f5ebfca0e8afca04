import { concat } from "@handclasp/core/unstable";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HandshakeReader } from "../../src/handshake/handshakeReader.ts";
import { message } from "./mitm.ts";

/** Takes the complete messages from `reader`. */
const takeAll = (reader: HandshakeReader): Uint8Array[] => {
  const taken: Uint8Array[] = [];
  while (reader.isWhole) taken.push(reader.take());
  return taken;
};

/** Runs `work`, and appends to `lengths` the length of each `Uint8Array` that it creates. */
function watchArrays(work: (lengths: readonly number[]) => void): void {
  const lengths: number[] = [];
  const real = Uint8Array;
  globalThis.Uint8Array = new Proxy(real, {
    construct(target, args: [number]) {
      lengths.push(args[0]);
      return new target(...args);
    },
  });
  try {
    work(lengths);
  } finally {
    globalThis.Uint8Array = real;
  }
}

describe("a reader of handshake messages", () => {
  test("returns each message as it was sent, in an array of its own, for any fragmentation", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(bodies, cuts, (all, sizes) => {
        const messages = all.map((body, i) => message(i, body));
        const wire = concat(...messages);
        const reader = new HandshakeReader();
        const taken: Uint8Array[] = [];
        for (let at = 0, i = 0; at < wire.length; i++) {
          const end = at + (sizes[i % sizes.length] as number);
          const fragment = wire.slice(at, end);
          reader.append(fragment);
          // The caller may overwrite its array afterwards.
          fragment.fill(0xee);
          at = end;
          taken.push(...takeAll(reader));
        }
        expect(taken).toEqual(messages);
        for (const one of taken) expect(one.buffer.byteLength).toBe(one.length);
        expect(reader.pendingBytes).toBe(0);
        expect(reader.type).toBeUndefined();
      }),
    );
  });

  test("returns several messages of one fragment in order; `type` and `length` describe the next one", () => {
    const reader = new HandshakeReader();
    reader.append(concat(message(2, new Uint8Array(70)), message(14), message(20, new Uint8Array(12)).subarray(0, 5)));
    expect([reader.type, reader.length, reader.isWhole, reader.pendingBytes]).toEqual([2, 74, true, 74 + 4 + 5]);
    expect(reader.take()).toEqual(message(2, new Uint8Array(70)));
    expect([reader.type, reader.length, reader.isWhole]).toEqual([14, 4, true]);
    expect(reader.take()).toEqual(message(14));
    expect([reader.type, reader.length, reader.isWhole, reader.pendingBytes]).toEqual([20, 16, false, 5]);
    reader.append(new Uint8Array(11));
    expect(reader.take()).toEqual(message(20, new Uint8Array(12)));
    expect([reader.type, reader.length, reader.isWhole, reader.pendingBytes]).toEqual([undefined, undefined, false, 0]);
  });

  test("has a type, but no length, while it has only a part of a header", () => {
    const reader = new HandshakeReader();
    for (const byte of [1, 0, 0]) {
      reader.append(Uint8Array.of(byte));
      expect([reader.type, reader.length, reader.isWhole]).toEqual([1, undefined, false]);
    }
    reader.append(Uint8Array.of(0));
    expect([reader.type, reader.length, reader.isWhole]).toEqual([1, 4, true]);
  });

  test.each([
    ["64 KiB", 2, 2 ** 16],
    ["64 KiB", 13, 2 ** 16],
    ["128 KiB, as a ClientHello,", 1, 2 ** 17],
    ["128 KiB, as a Certificate,", 11, 2 ** 17],
  ])("refuses a message of more than %s as soon as it has the header (type %i)", (_, type, most) => {
    const header = (length: number): Uint8Array => Uint8Array.of(type, length >> 16, (length >> 8) & 255, length & 255);
    const reader = new HandshakeReader();
    reader.append(header(most));
    expect(reader.length).toBe(4 + most);
    const other = new HandshakeReader();
    other.append(header(most + 1));
    expect(() => other.length).toThrow(expect.objectContaining({ code: "excessive_message_size" }));
    expect(() => other.isWhole).toThrow(expect.objectContaining({ alert: "illegal_parameter" }));
  });
});

describe("the buffer of an incomplete message", () => {
  const whole = message(
    1,
    new Uint8Array(2 ** 16 - 1).map((_, i) => i * 7),
  );

  test("is at most twice as long as the bytes received, for a message of 64 KiB in fragments of one byte", () => {
    const reader = new HandshakeReader();
    const fragments = Array.from(whole, (byte) => Uint8Array.of(byte));
    let [copied, most] = [0, 0];
    watchArrays((lengths) => {
      for (const fragment of fragments) {
        const before = lengths.length;
        reader.append(fragment);
        if (lengths.length > before) copied += reader.pendingBytes - 1;
        most = Math.max(most, (lengths.at(-1) as number) / reader.pendingBytes);
      }
      // Each array is larger than the one that it replaces.
      expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
      expect(lengths.length).toBeLessThan(20);
    });
    expect(most).toBeLessThanOrEqual(2);
    // Doubling copies less than two bytes per received byte in total. A new array for each fragment would copy 2 GiB.
    expect(copied).toBeLessThan(2 * whole.length);
    expect(reader.take()).toEqual(whole);
  });

  test("does not grow over an endless series of small messages, because taking a message frees its space", () => {
    const reader = new HandshakeReader();
    const request = message(0);
    // The buffer always holds the first byte of the next message.
    reader.append(request.subarray(0, 1));
    let most = 0;
    watchArrays((lengths) => {
      for (let i = 0; i < 5000; i++) {
        reader.append(concat(request.subarray(1), request.subarray(0, 1)));
        reader.take();
      }
      most = Math.max(...lengths);
    });
    expect(reader.pendingBytes).toBe(1);
    expect(most).toBeLessThanOrEqual(16);
  });
});
