/**
 * How a message connection ends, under a virtual clock: each promise settles in time, with the right error, no timer is
 * left, and no rejection is unhandled.
 */
import { acceptMessages, type Closed, type Messages, messageProtocols, openMessages } from "@handclasp/core/messages";
import { describe, expect, test, vi } from "vitest";
import { FrameReader, type Received } from "../../src/messages/frames.ts";
import { codeOf, type Ends, open, outcome, passTime, type Role, useVirtualClock } from "../connection/endings.ts";
import { closeFrame, frame, join, openingFrame } from "./raw.ts";

useVirtualClock();

interface Open extends Ends {
  readonly messages: Messages;
}

/** Our side as `role`, and a raw peer that reads everything. */
async function openRaw(role: Role, peerReads = true): Promise<Open> {
  const ends = await open(role, { alpn: messageProtocols }, { alpn: messageProtocols });
  if (role === "server") void ends.peer.write(openingFrame());
  const opening: Promise<Messages> =
    role === "server" ? acceptMessages(ends.local).then(({ messages }) => messages) : openMessages(ends.local);
  await passTime(20);
  const messages = await opening;
  // A peer that reads its end closes too, as TLS peers do.
  const readAll = async (): Promise<void> => {
    while (await ends.peer.read());
  };
  if (peerReads) readAll().catch(() => {});
  return { ...ends, messages };
}

/** Reads frames until the end of the channel. */
async function readFrames(peer: Ends["peer"]): Promise<Received[]> {
  const reader = new FrameReader(2 ** 24);
  const frames: Received[] = [];
  for (let bytes = await peer.read(); bytes; bytes = await peer.read()) {
    reader.push(bytes);
    for (let next = reader.next(); next; next = reader.next()) frames.push(next);
  }
  return frames;
}

/** An event, after "first" has arrived and while a read, a ping and "last" are pending. */
interface Row {
  readonly name: string;
  readonly peerReads?: boolean;
  readonly act: (open: Open) => void;
  readonly read: string;
  readonly ping: string;
  readonly send: string;
  readonly closed: string;
  /** The time until `closed` settles, in virtual milliseconds, rounded to full seconds. */
  readonly seconds: number;
}

const rows: readonly Row[] = [
  {
    name: "the peer closes",
    act: ({ peer }) => void peer.write(closeFrame(4000, "bye")),
    read: "undefined",
    ping: "`closed`",
    send: "`closed`",
    closed: "4000 bye, 0 dropped",
    seconds: 0,
  },
  {
    name: "the peer closes, and ends its side of the channel at once",
    act: ({ peer }) => {
      void peer.write(closeFrame(1000));
      void peer.closeWrite();
    },
    read: "undefined",
    ping: "`closed`",
    send: "`closed`",
    closed: "1000, 0 dropped",
    seconds: 0,
  },
  {
    name: "the peer closes, and is silent from then on",
    peerReads: false,
    act: ({ peer, network }) => {
      void peer.write(closeFrame(1000));
      setTimeout(() => (network.isSilent = true), 1);
    },
    read: "undefined",
    ping: "`closed`",
    send: "`closed`",
    closed: "1000, 0 dropped",
    seconds: 5,
  },
  {
    name: "the peer closes, and its transport fails",
    act: ({ peer, pair }) => {
      void peer.write(closeFrame(1000));
      setTimeout(() => pair.fail(new Error("reset")), 1);
    },
    read: "undefined",
    ping: "`closed`",
    send: "`closed`",
    closed: "1000, 0 dropped",
    seconds: 0,
  },
  {
    name: "the peer closes the channel without a Close",
    act: ({ peer }) => void peer.close(),
    read: "`no_close`",
    ping: "`no_close`",
    send: "`no_close`",
    closed: "`no_close`",
    seconds: 0,
  },
  {
    name: "the peer closes the channel inside a message",
    act: ({ peer }) => {
      void peer.write(frame(0x01, "half a message"));
      void peer.write(frame(0x80, "a fragment that is cut").subarray(0, 9));
      void peer.close();
    },
    read: "`no_close`",
    ping: "`no_close`",
    send: "`no_close`",
    closed: "`no_close`",
    seconds: 0,
  },
  {
    name: "the transport is cut",
    act: ({ pair }) => pair.cut(),
    read: "`truncated`",
    ping: "`truncated`",
    send: "`truncated`",
    closed: "`truncated`",
    seconds: 0,
  },
  {
    name: "the transport fails",
    act: ({ pair }) => pair.fail(new Error("reset")),
    read: "`transport_failed`",
    ping: "`transport_failed`",
    send: "`transport_failed`",
    closed: "`transport_failed`",
    seconds: 0,
  },
  {
    name: "the peer breaks a rule",
    act: ({ peer }) => void peer.write(frame(0x83)),
    read: "`invalid_frame`",
    ping: "`invalid_frame`",
    send: "`invalid_frame`",
    closed: "`invalid_frame`",
    seconds: 0,
  },
  {
    name: "the peer breaks a rule, and reads nothing",
    peerReads: false,
    act: ({ peer, messages }) => {
      for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(60_000));
      void peer.write(frame(0x83));
    },
    read: "`invalid_frame`",
    ping: "`invalid_frame`",
    send: "`invalid_frame`",
    closed: "`invalid_frame`",
    seconds: 10,
  },
  {
    name: "we close, and the peer answers",
    act: ({ peer, messages }) => {
      void messages.close(4001, "done");
      setTimeout(() => void peer.write(join(frame(0x81, "late"), closeFrame(4001))), 3000);
    },
    read: "`closed_locally`",
    ping: "`closed`",
    send: "`closed_locally`",
    closed: "4001, 0 dropped",
    seconds: 3,
  },
  {
    name: "we close, and the peer closes the channel without a Close",
    act: ({ peer, messages }) => {
      void messages.close();
      setTimeout(() => void peer.close(), 1000);
    },
    read: "`closed_locally`",
    ping: "`no_close`",
    send: "`closed_locally`",
    closed: "`no_close`",
    seconds: 1,
  },
  {
    name: "we close, and the peer reads but sends no Close",
    act: ({ messages }) => void messages.close(),
    read: "`closed_locally`",
    ping: "`close_timeout`",
    send: "`closed_locally`",
    closed: "`close_timeout`",
    seconds: 5,
  },
  {
    name: "we close, and the peer is silent",
    act: ({ network, messages }) => {
      network.isSilent = true;
      void messages.close();
    },
    read: "`closed_locally`",
    ping: "`close_timeout`",
    send: "`closed_locally`",
    closed: "`close_timeout`",
    seconds: 5,
  },
  {
    name: "we close behind megabytes, and the peer reads nothing",
    peerReads: false,
    act: ({ messages }) => {
      for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(60_000));
      void messages.close();
    },
    read: "`closed_locally`",
    ping: "`close_timeout`",
    send: "`closed_locally`",
    closed: "`close_timeout`",
    seconds: 10,
  },
  {
    name: "we close, and the peer breaks a rule instead of closing",
    act: ({ peer, messages }) => {
      void messages.close();
      setTimeout(() => void peer.write(frame(0x83)), 1000);
    },
    read: "`closed_locally`",
    ping: "`invalid_frame`",
    send: "`closed_locally`",
    closed: "`invalid_frame`",
    seconds: 1,
  },
  {
    name: "both close at once",
    act: ({ peer, messages }) => {
      void peer.write(closeFrame(4000));
      void messages.close(4001);
    },
    read: "`closed_locally`",
    ping: "`closed`",
    send: "`closed_locally`",
    closed: "4000, 0 dropped",
    seconds: 0,
  },
  {
    name: "another part of the program closes our channel",
    act: ({ local }) => void local.close(),
    read: "`closed_locally`",
    ping: "`closed_locally`",
    send: "`closed_locally`",
    closed: "`closed_locally`",
    seconds: 0,
  },
  {
    name: "our channel is aborted",
    act: ({ local }) => local.abort(),
    read: "`aborted`",
    ping: "`aborted`",
    send: "`aborted`",
    closed: "`aborted`",
    seconds: 0,
  },
];

const closedText = ({ code, reason, droppedBytes }: Closed): string =>
  `${code}${reason && ` ${reason}`}, ${droppedBytes} dropped`;

describe.each(["client", "server"] as const)("as %s:", (role) => {
  test.each(rows)("$name", async ({ name: _, peerReads, act, ...expected }) => {
    const ends = await openRaw(role, peerReads);
    const { messages } = ends;
    const ping = messages.ping();
    let read = "pending";
    messages.read().then(
      (value) => (read = String(value)),
      (error: unknown) => (read = codeOf(error)),
    );
    await passTime(1);
    act(ends);
    let ms = 0;
    let closed = "pending";
    const note = (text: string): void => {
      closed = text;
    };
    messages.closed.then(
      (value) => note(closedText(value)),
      () => note("rejects"),
    );
    for (; closed === "pending" && ms < 60_000; ms += 100) await passTime(100);
    expect({
      read,
      ping: await outcome(ping, 0),
      send: await outcome(messages.send("late"), 0),
      closed: closed === "rejects" ? await outcome(messages.closed, 0) : closed,
      seconds: Math.floor(ms / 1000),
    }).toEqual(expected);
    await passTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a close lasts as long as the peer takes bytes, and no longer", async () => {
  const { messages, peer } = await openRaw("server", false);
  for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(60_000));
  const closed = messages.close();
  let received = 0;
  for (let i = 0; i < 20; i++) {
    await passTime(4000);
    // 160 KiB each time
    for (let n = 0; n < 10; n++) {
      const bytes = peer.read();
      // The data may wait for the next turn of the event loop.
      await passTime(1);
      received += (await bytes)?.length ?? 0;
    }
  }
  expect(received).toBeGreaterThan(1_000_000);
  expect(await outcome(closed, 0)).toBe("pending");
  expect(await outcome(closed, 10_000)).toBe("`close_timeout`");
});

test("the peer's Close cuts our queue, and says how much", async () => {
  const { messages, peer } = await openRaw("client", false);
  for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(60_000));
  const waiting = messages.send("last");
  await passTime(1);
  void peer.write(closeFrame(1001));
  await passTime(1);
  expect(await outcome(waiting, 0)).toBe("`closed`");
  const frames = readFrames(peer);
  await passTime(20);
  const received = await frames;
  const { droppedBytes, ...end } = await messages.closed;
  expect(end).toEqual({ code: 1001, reason: "" });
  expect(droppedBytes).toBeGreaterThan(1_000_000);
  // The message that the channel had begun to take arrives whole, or the Close could not be read behind it.
  expect(received.at(-1)).toMatchObject({ type: "close", code: 1001 });
  const lengths = received.map((item) => (item.type === "message" ? item.length : 0));
  expect(lengths.reduce((sum, length) => sum + length) + droppedBytes).toBe(100 * 60_000 + "last".length);
});

test("a Close of ours behind a queue gives up the queue when the peer closes too", async () => {
  const { messages, peer } = await openRaw("client", false);
  for (let i = 0; i < 100; i++) void messages.send(new Uint8Array(60_000));
  await passTime(1);
  void messages.close(4001);
  void peer.write(closeFrame(4000));
  await passTime(1);
  const frames = readFrames(peer);
  await passTime(20);
  expect((await frames).at(-1)).toMatchObject({ type: "close", code: 4001 });
  expect((await messages.closed).droppedBytes).toBeGreaterThan(1_000_000);
});

test("messages that wait are read after the end, although the application was late", async () => {
  const { messages, peer, pair } = await openRaw("server");
  for (let i = 0; i < 3000; i++) void peer.write(frame(0x81, `${i}`));
  void peer.write(closeFrame(1000));
  await passTime(1000);
  pair.cut();
  await passTime(10_000);
  expect(await messages.closed).toMatchObject({ code: 1000 });
  for (let i = 0; i < 3000; i++) expect(await messages.read()).toBe(`${i}`);
  expect(await messages.read()).toBeUndefined();
});

test("a failing onSent stops nothing", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const ends = await open("client", { alpn: messageProtocols }, { alpn: messageProtocols });
  const messages = await openMessages(ends.local, {
    onSent: () => {
      throw new Error("onSent");
    },
  });
  void messages.send("one");
  await passTime(1);
  void messages.send("two");
  await passTime(1);
  const bytes = join((await ends.peer.read()) as Uint8Array, new Uint8Array(0));
  const more = bytes.length < 40 ? ((await ends.peer.read()) as Uint8Array) : new Uint8Array(0);
  expect(Buffer.from(join(bytes, more)).toString()).toMatch(/one.*two/s);
  expect(error).toHaveBeenCalledTimes(2);
  error.mockRestore();
  ends.pair.cut();
});
