/**
 * A peer that breaks the rules: the code of the Close that it gets, as seen on the wire, and the error of our side. A
 * flood neither fills our memory nor stops us.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { acceptMessages, messageAlpn, openMessages } from "@handclasp/core/messages";
import { describe, expect, test } from "vitest";
import { Inbox } from "../../src/messages/inbox.ts";
import { channels } from "./pair.ts";
import {
  closeFrame,
  frame,
  framesIn,
  hex,
  join,
  openingFrame,
  type RawPeer,
  rawClient,
  rawServer,
  readAll,
} from "./raw.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const roles = { server: rawClient, client: rawServer } as const;

/** Sends the bytes, and returns what the raw peer got until the end, after our side's reads have ended. */
async function provoke({ messages, raw }: RawPeer, ...bytes: readonly Uint8Array[]): Promise<string[]> {
  const answer = readAll(raw);
  void raw.write(join(...bytes));
  await expect(messages.read()).rejects.toMatchObject({ alert: undefined, by: "us", fault: "peer" });
  const frames = framesIn(await answer);
  await expect(messages.closed).rejects.toBeDefined();
  return frames;
}

const protocolError: readonly (readonly [string, Uint8Array, string])[] = [
  ...[0x40, 0x20, 0x10].map(
    (bit) => [`the reserved bit ${bit}`, frame(0x81 | bit), "1002 a frame has a reserved bit set"] as const,
  ),
  ["a masked frame", hex("8185 37fa213d 7f9f4d5158"), "1002 a frame is masked"],
  ["a masked control frame", hex("8980 00000000"), "1002 a frame is masked"],
  ...[3, 4, 5, 6, 7, 13, 14, 15].map(
    (opcode) =>
      [`the opcode ${opcode}`, frame(0x80 | opcode), `1002 a frame has the unknown opcode ${opcode}`] as const,
  ),
  ["an acknowledgement outside a session", frame(0x8c, hex("30")), "1002 an acknowledgement is outside a session"],
  ["an acknowledgement that is no number", frame(0x8c, hex("3031")), "1002 an acknowledgement is not a number"],
  ["16 bits of length for 125", hex("817e007d"), "1002 a length is encoded in too many bytes"],
  ["64 bits of length for 65,535", hex("817f000000000000ffff"), "1002 a length is encoded in too many bytes"],
  ["a length of 2^63", hex("817f8000000000000000"), "1002 a length is encoded in too many bytes"],
  ["a continuation of nothing", frame(0x80), "1002 a fragment is out of place"],
  ["a text inside a message", join(frame(0x01), frame(0x81)), "1002 a fragment is out of place"],
  ["bytes inside a message", join(frame(0x01), frame(0x02)), "1002 a fragment is out of place"],
  ...[8, 9, 10, 11, 12].map(
    (opcode) =>
      [
        `the control frame ${opcode} in fragments`,
        frame(opcode),
        "1002 a control frame is too long or in fragments",
      ] as const,
  ),
  ...[8, 9, 10, 12].map(
    (opcode) =>
      [
        `the control frame ${opcode} with 126 bytes`,
        frame(0x80 | opcode, new Uint8Array(126)).subarray(0, 4),
        "1002 a control frame is too long or in fragments",
      ] as const,
  ),
  [
    "an opening of more than 16 KiB",
    frame(0x8b, new Uint8Array(16_385)).subarray(0, 4),
    "1002 a control frame is too long or in fragments",
  ],
  ["another opening", openingFrame(), "1002 an opening is out of place"],
  ...["", "-1", "01", "1.5", "1e3", "12345678901234567", " 1"].map(
    (text) => [`the acknowledgement "${text}"`, frame(0x8c, text), "1002 an acknowledgement is not a number"] as const,
  ),
  ["an acknowledgement outside a session", frame(0x8c, "0"), "1002 an acknowledgement is outside a session"],
  ["a Close of one byte", hex("880103"), "1002 a Close has half a code"],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
    (code) => [`the close code ${code}`, closeFrame(code), `1002 a Close has the invalid code ${code}`] as const,
  ),
  ["a text that is not UTF-8", frame(0x81, hex("c080")), "1007 a text is not UTF-8"],
  ["a text that ends inside a character", frame(0x81, hex("61e282")), "1007 a text is not UTF-8"],
  ["a reason that is not UTF-8", frame(0x88, hex("03e8ff")), "1007 a text is not UTF-8"],
  [
    "a message above maxMessage",
    frame(0x82, new Uint8Array(1001)).subarray(0, 4),
    "1009 a message has more than 1000 bytes (maxMessage of its receiver)",
  ],
];

describe.each(Object.entries(roles))("a %s closes for", (role, connect) => {
  // Both roles read with the same code, so one row in three is enough for the second.
  const rows = protocolError.filter((_, i) => role === "server" || i % 3 === 0);
  test.each(rows)("%s", async (_name, bytes, close) => {
    const sent = await provoke(await connect({ maxMessage: 1000 }), bytes);
    expect(sent).toEqual([`88 ${close}`]);
  });
});

test("the messages before a fault are read, and those behind it are not", async () => {
  const { messages, raw } = await rawClient();
  await raw.write(join(frame(0x81, "before"), frame(0x83), frame(0x81, "behind")));
  expect(await messages.read()).toBe("before");
  await expect(messages.read()).rejects.toMatchObject({ code: "invalid_frame", closeCode: 1002 });
  await expect(messages.send("late")).rejects.toMatchObject({ code: "invalid_frame" });
});

test("a text that the engine cannot hold is too big, not a fault of the process", async () => {
  const { messages, raw } = await rawClient();
  const decode = TextDecoder.prototype.decode;
  TextDecoder.prototype.decode = () => {
    throw new RangeError("Invalid string length");
  };
  try {
    await raw.write(frame(0x81, "text"));
    await expect(messages.read()).rejects.toMatchObject({ code: "message_too_big", closeCode: 1009 });
  } finally {
    TextDecoder.prototype.decode = decode;
  }
  expect(framesIn(await readAll(raw))).toEqual(["88 1009 a message does not fit into memory"]);
});

describe("a flood", () => {
  test("of pings to a side that cannot send is answered by its last ping", async () => {
    const { messages, raw } = await rawClient();
    // The client reads nothing yet, so this fills the way to it.
    for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(65_000));
    for (let i = 0; i < 20_000; i++) void raw.write(frame(0x89, `${i}`));
    await raw.write(frame(0x81, "all pings were read"));
    expect(await messages.read()).toBe("all pings were read");
    const answer = readAll(raw);
    void raw.write(closeFrame(1000));
    await messages.closed;
    const pongs = framesIn(await answer).filter((text) => text.startsWith("8a"));
    expect(pongs.length).toBeLessThan(20);
  });

  test("of empty messages stops at a few hundred until the application reads", async () => {
    const { messages, raw } = await rawServer();
    let isTaken = false;
    // 1 MiB of frames, of which the channel may hold 128 KiB and the network 1 MiB.
    const flood = new Uint8Array(3 * 2 ** 20).map((_, i) => (i % 2 ? 0 : 0x82));
    raw.write(flood).then(
      () => (isTaken = true),
      () => {},
    );
    await messages.send("a round trip");
    await raw.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isTaken).toBe(false);
    expect(messages.channel.traffic.bytesReceived).toBeLessThan(2 ** 20);
    raw.abort();
  });

  test("of tiny messages at the end of a channel takes about the memory of its frames, and is read whole", async () => {
    const inbox = new Inbox(() => {});
    const count = 200_000;
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < count; i++)
      inbox.add(i % 2 ? { data: new Uint8Array(1), length: 1 } : { data: "é", length: 2 });
    gc();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * count);
    inbox.end();
    let found = 0;
    for (let message = await inbox.read(); message !== undefined; message = await inbox.read(), found++)
      if (message[0] !== (found % 2 ? 0 : "é")) throw new Error(`the message ${found} is another`);
    expect(found).toBe(count);
  });

  test("of openings is refused at the second", async () => {
    const { messages, raw } = await rawClient();
    const sent = await provoke({ messages, raw }, openingFrame(), openingFrame(), openingFrame());
    expect(sent).toEqual(["88 1002 an opening is out of place"]);
  });
});

describe("before the opening is judged", () => {
  test("a server handles nothing behind it: no pong before its answer", async () => {
    const { client: raw, server } = await channels([messageAlpn.answered]);
    let allow: (allowed: boolean) => void = () => {};
    const accepting = acceptMessages(server, { allow: () => new Promise<boolean>((resolve) => (allow = resolve)) });
    void raw.write(join(openingFrame(), frame(0x89, "early"), frame(0x81, "text")));
    await new Promise((resolve) => setTimeout(resolve, 20));
    allow(true);
    const { messages } = await accepting;
    expect(await messages.read()).toBe("text");
    void raw.write(closeFrame(1000));
    expect(framesIn(await readAll(raw))).toEqual(['8b {"protocol":""}', "8a early", "88 1000"]);
  });

  test("a client that is refused has its frames dropped", async () => {
    const { client: raw, server } = await channels();
    const accepting = acceptMessages(server, { allow: () => false });
    void raw.write(join(openingFrame(), frame(0x81, "text"), frame(0x89, "early"), closeFrame(1000)));
    await expect(accepting).rejects.toMatchObject({ code: "open_refused" });
    expect(framesIn(await readAll(raw))).toEqual(["88 1008 not allowed"]);
    await expect(server.closed).resolves.toBeUndefined();
  });

  test("a client sends no frame to a server without the framing, also if it asks for protocols", async () => {
    const { client, server } = await channels([]);
    await expect(openMessages(client, { protocols: ["one"] })).rejects.toMatchObject({
      code: "no_application_protocol",
    });
    void client.closeWrite();
    expect(await readAll(server)).toHaveLength(0);
  });
});
