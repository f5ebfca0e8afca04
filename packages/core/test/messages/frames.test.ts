/** Frames as bytes: the examples of RFC 6455 §5.7 without a mask, and how bytes may be cut. */
import { describe, expect, test, vi } from "vitest";
import { FrameReader, opcodes, type Received } from "../../src/messages/frames.ts";
import { controlFrame, FrameWriter } from "../../src/messages/frameWriter.ts";
import { closeFrame, frame, hex, join, toHex } from "./raw.ts";

/** The results of a reader for these pieces: messages as they are, control frames with their type. */
function read(pieces: readonly Uint8Array[], maxMessage = 2 ** 24): unknown[] {
  const reader = new FrameReader(maxMessage);
  const found: unknown[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next; next = reader.next()) found.push(shown(next));
  }
  return found;
}

function shown(received: Received): unknown {
  if (received.type === "close") return `close ${received.code} ${received.reason}`.trim();
  if (received.type === "ack") return `ack ${received.count}`;
  if (received.type !== "message") return `${received.type} ${Buffer.from(received.data).toString()}`.trim();
  return typeof received.data === "string" ? received.data : toHex(received.data);
}

const bytesOf = (writer: FrameWriter): Uint8Array => {
  const batches: Uint8Array[] = [];
  for (let batch = writer.take(); batch; batch = writer.take()) batches.push(batch.bytes);
  return join(...batches);
};

const written = (...messages: readonly (string | Uint8Array)[]): Uint8Array => {
  const writer = new FrameWriter();
  for (const message of messages) writer.append(message);
  return bytesOf(writer);
};

describe("the examples of RFC 6455 §5.7 without a mask", () => {
  const helloText = "8105 48656c6c6f";
  test("a text", () => {
    expect(read([hex(helloText)])).toEqual(["Hello"]);
    expect(toHex(written("Hello"))).toBe(helloText.replace(" ", ""));
  });
  test("a text in two fragments", () => {
    expect(read([hex("0103 48656c 8002 6c6f")])).toEqual(["Hello"]);
  });
  test("a ping and its pong", () => {
    expect(read([hex("8905 48656c6c6f 8a05 48656c6c6f")])).toEqual(["ping Hello", "pong Hello"]);
    expect(toHex(controlFrame(opcodes.ping, hex("48656c6c6f")))).toBe("890548656c6c6f");
  });
  test("256 bytes have a length of 16 bits", () => {
    const bytes = new Uint8Array(256).map((_, i) => i);
    expect(read([join(hex("827e0100"), bytes)])).toEqual([toHex(bytes)]);
    expect(toHex(written(bytes))).toBe(`827e0100${toHex(bytes)}`);
  });
  test("64 KiB have a length of 64 bits, and we send them in two fragments", () => {
    const bytes = new Uint8Array(65_536).map((_, i) => i * 3);
    expect(read([join(hex("827f0000000000010000"), bytes)])[0] === toHex(bytes)).toBe(true);
    const ours = written(bytes);
    expect(toHex(ours.subarray(0, 4))).toBe("027efffc");
    expect(toHex(ours.subarray(4 + 65_532, 4 + 65_532 + 2))).toBe("8004");
    expect(read([ours])[0] === toHex(bytes)).toBe(true);
  });
});

describe("bytes on their way", () => {
  const everything = join(
    frame(0x81, "a€𝄞"),
    frame(0x01, hex("f09d")),
    frame(0x89, "ping"),
    frame(0x00),
    frame(0x00, hex("849e61")),
    frame(0x8a, "pong"),
    frame(0x8c, "17"),
    frame(0x80, "b".repeat(200)),
    frame(0x81),
    frame(0x82),
    frame(0x02),
    frame(0x80),
    frame(0x82, "\x00\xff"),
    closeFrame(4000, "wegen €"),
    frame(0x81, "after the Close"),
  );
  const expected = [
    "a€𝄞",
    "ping ping",
    "pong pong",
    "ack 17",
    `𝄞a${"b".repeat(200)}`,
    "",
    "",
    "",
    "00c3bf",
    "close 4000 wegen €",
  ];

  test("arrive whole: control frames between fragments, a character in two fragments, empty messages", () => {
    expect(read([everything])).toEqual(expected);
  });
  test("may be cut in two at every place", () => {
    for (let at = 0; at <= everything.length; at++)
      expect(read([everything.subarray(0, at), everything.subarray(at)]), `cut at ${at}`).toEqual(expected);
  });
  test("may arrive one by one", () => {
    expect(read(Array.from(everything, (byte) => new Uint8Array([byte])))).toEqual(expected);
  });
  test("a byte order mark is a part of a text", () => {
    expect(read([frame(0x81, hex("efbbbf61"))])).toEqual(["\ufeffa"]);
  });
});

describe("limits", () => {
  test.each([
    ["in one frame", (length: number) => [frame(0x82, new Uint8Array(length))]],
    ["in fragments", (length: number) => [frame(0x02, new Uint8Array(60)), frame(0x80, new Uint8Array(length - 60))]],
    ["that is only announced", (length: number) => [frame(0x82, new Uint8Array(length)).subarray(0, 2)]],
  ])("a message %s may have maxMessage bytes, and no more", (_name, pieces) => {
    expect(() => read(pieces(100), 100)).not.toThrow();
    expect(() => read(pieces(101), 100)).toThrow(
      expect.objectContaining({ closeCode: 1009, code: "message_too_big" }) as Error,
    );
  });

  test("a message in fragments of one byte takes work that grows with its length alone", () => {
    const length = 2 ** 17;
    const reader = new FrameReader(length);
    let copied = 0;
    const set = vi.spyOn(Uint8Array.prototype, "set").mockImplementation(function (this: Uint8Array, from) {
      copied += from.length;
      for (let i = 0; i < from.length; i++) this[i] = from[i] as number;
    });
    reader.push(join(frame(0x02, "a")));
    reader.next();
    const fragments = new Uint8Array(3 * length).map((_, i) => [0x00, 1, 97][i % 3] as number);
    reader.push(fragments.subarray(0, 3 * (length - 2)));
    expect(reader.next()).toBeUndefined();
    set.mockRestore();
    reader.push(frame(0x80, "a"));
    expect(reader.next()).toMatchObject({ type: "message", length });
    expect(copied).toBeLessThan(8 * length);
  });

  test("a message that is only announced takes no memory yet", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 64 }, () => {
      const reader = new FrameReader(2 ** 24);
      reader.push(hex("827f0000000001000000 00"));
      reader.next();
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
    expect(readers).toHaveLength(64);
  });
});

describe("the writer", () => {
  test("joins messages in order, and counts the bytes of messages and of frames", () => {
    const writer = new FrameWriter();
    for (let i = 0; i < 20_000; i++) writer.append("");
    writer.append(new Uint8Array(100_000));
    writer.append("é");
    expect([writer.waiting, writer.size]).toEqual([100_002, 40_000 + 100_000 + 8 + 4]);
    const lengths: number[] = [];
    for (let batch = writer.take(); batch; batch = writer.take()) lengths.push(batch.bytes.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(2 ** 16);
    expect([writer.waiting, writer.size]).toEqual([0, 0]);
  });

  test("fills batches of 64 KiB, whatever the lengths of the messages", () => {
    const writer = new FrameWriter();
    const messages = Array.from({ length: 40 }, (_, i) => new Uint8Array(16_384).fill(i));
    for (const message of messages) writer.append(message);
    const total = 40 * (16_384 + 4);
    const batches: Uint8Array[] = [];
    for (let batch = writer.take(); batch; batch = writer.take()) batches.push(batch.bytes);
    expect(batches.map(({ length }) => length)).toEqual([...Array.from({ length: 10 }, () => 65_536), total % 65_536]);
    expect(read(batches)).toEqual(messages.map(toHex));
  });

  test.each([65_532, 65_533, 65_535])("cuts no header at %i bytes", (length) => {
    const writer = new FrameWriter();
    writer.append(new Uint8Array(length - 4));
    writer.append("a".repeat(300));
    writer.append("b");
    const batches: Uint8Array[] = [];
    for (let batch = writer.take(); batch; batch = writer.take()) batches.push(batch.bytes);
    expect(batches[0]?.length).toBe(length === 65_532 ? 65_536 : length);
    expect(read(batches).slice(1)).toEqual(["a".repeat(300), "b"]);
  });

  test("drops all but the rest of a frame that was taken in part, and what follows is a frame", () => {
    const writer = new FrameWriter();
    for (let i = 0; i < 5; i++) writer.append(new Uint8Array(30_000).fill(i));
    const first = writer.take()?.bytes as Uint8Array;
    const restLength = 3 * 30_004 - 65_536;
    expect([writer.drop(), writer.waiting, writer.size]).toEqual([60_000, restLength, restLength]);
    expect([writer.drop(), writer.waiting]).toEqual([0, restLength]);
    writer.append("next");
    const pieces = [first, bytesOf(writer)];
    expect(read(pieces).slice(2)).toEqual([toHex(new Uint8Array(30_000).fill(2)), "next"]);
    expect([writer.waiting, writer.size]).toEqual([0, 0]);
  });

  test("drops whole fragments of a long message", () => {
    const writer = new FrameWriter();
    writer.append(new Uint8Array(200_000));
    expect(writer.take()?.bytes).toHaveLength(65_536);
    expect(writer.drop()).toBe(200_000 - 65_532);
    writer.append("next");
    expect(toHex(bytesOf(writer))).toBe("81046e657874");
  });

  test("another frame may follow the rest of a frame that was taken in part", () => {
    const writer = new FrameWriter();
    writer.append("a".repeat(30_000));
    writer.append(new Uint8Array(40_000).fill(1));
    writer.append("b");
    expect(writer.takeRest()).toBeUndefined();
    const first = writer.take()?.bytes as Uint8Array;
    const rest = writer.takeRest();
    expect(rest?.payloadLength).toBe(70_008 - 65_536);
    expect(writer.takeRest()).toBeUndefined();
    const pieces = [first, rest?.bytes as Uint8Array, hex("8900"), bytesOf(writer)];
    expect(read(pieces).slice(1)).toEqual([toHex(new Uint8Array(40_000).fill(1)), "ping", "b"]);
    expect([writer.waiting, writer.size]).toEqual([0, 0]);
  });

  test("a lone surrogate becomes U+FFFD, in short and long texts", () => {
    const long = "\ud800".repeat(30_000);
    expect(read([written("a\ud800", long)])).toEqual(["a\ufffd", "\ufffd".repeat(30_000)]);
  });
});
