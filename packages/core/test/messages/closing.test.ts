/** The application around a Close: it answers messages that came before the Close, aborts, or fails in a callback. */
import { type MessageSession, MessageSessions } from "@handclasp/core/message-sessions";
import { acceptMessages, type Messages } from "@handclasp/core/messages";
import { describe, expect, test, vi } from "vitest";
import { outcome, passTime, useVirtualClock } from "../connection/endings.ts";
import { channels } from "./pair.ts";
import { closeFrame, frame, join, openingFrame, readAll } from "./raw.ts";
import { Client, collect, dial, id, numbers } from "./sessionPair.ts";

useVirtualClock();

/** A raw client, and the server's messages: those of a connection or of a session. */
async function openRaw(sessions?: MessageSessions) {
  const opening = channels();
  await passTime(20);
  const { client: raw, server } = await opening;
  void raw.write(openingFrame({ path: "/", protocols: [], ...(sessions && { session: { id, received: 0 } }) }));
  const accepting = acceptMessages(server, sessions && { sessions });
  await passTime(1);
  return { raw, messages: (await accepting).messages };
}

const kinds = [
  ["a connection", () => openRaw()],
  ["a session", () => openRaw(new MessageSessions())],
] as const;

/** Answers each message. Returns those that it has handled. */
async function answerAll(messages: Messages): Promise<unknown[]> {
  const handled: unknown[] = [];
  for await (const message of messages) {
    handled.push(message);
    await messages.send(`re ${message as string}`);
  }
  return handled;
}

describe.each(kinds)("after the peer's Close, the application of %s", (_, openOne) => {
  test("that answers each message handles all that came before", async () => {
    const { raw, messages } = await openOne();
    void readAll(raw);
    void raw.write(join(...numbers(3_000).map((text) => frame(0x81, text)), closeFrame(1000)));
    const handling = answerAll(messages);
    await passTime(10);
    expect(await outcome(handling, 0)).toBe("resolves");
    expect(await handling).toEqual(numbers(3_000));
    await expect(messages.send("late")).rejects.toMatchObject({ code: "closed" });
  });

  test("that only sends gets an error after 64 messages", async () => {
    const { raw, messages } = await openOne();
    void readAll(raw);
    void raw.write(join(frame(0x81, "subscribe"), frame(0x81, "not read"), closeFrame(1000)));
    expect(await messages.read()).toBe("subscribe");
    await passTime(10);
    for (let i = 0; i < 64; i++) await messages.send("tick");
    await expect(messages.send("tick")).rejects.toMatchObject({ code: "closed" });
  });

  test("gets an error at once if it has closed too", async () => {
    const { raw, messages } = await openOne();
    void messages.close();
    void raw.write(join(frame(0x81, "not read"), closeFrame(1000)));
    await passTime(10);
    await expect(messages.send("late")).rejects.toMatchObject({ code: "closed_locally" });
  });
});

test("a session that closes ends although its client returns again and again and never answers the Close", async () => {
  const sessions = new MessageSessions();
  const { messages, raw } = await openRaw(sessions);
  const closed = messages.close(4001);
  let last = raw;
  for (let i = 0; i < 4; i++) {
    await passTime(4_000);
    // Every second time without losing the connection before.
    if (i % 2) last.abort();
    last = (await openRaw(sessions)).raw;
  }
  expect(await outcome(closed, 4_000)).toBe("pending");
  void openRaw(sessions);
  await passTime(40);
  expect([await outcome(closed, 0), sessions.size]).toEqual(["`interrupted`", 0]);
  await passTime(10_000);
  expect(vi.getTimerCount()).toBe(0);
});

describe("`abort`", () => {
  test("ends a session at once, and forgets it", async () => {
    const sessions = new MessageSessions();
    const client = await Client.open(sessions);
    const reason = new Error("the application's");
    client.server.abort(reason);
    expect([await outcome(client.server.closed, 0), sessions.size]).toEqual(["`aborted`", 0]);
    await expect(client.server.closed).rejects.toMatchObject({ cause: reason });
    await passTime(1);
    expect(client.lost.map(({ code }) => code)).toEqual(["user_canceled"]);
    expect((await dial(sessions)).answer.session?.resumed).toBe(false);
  });

  test("ends a session whose client is away", async () => {
    const sessions = new MessageSessions();
    const client = await Client.open(sessions);
    await client.cut();
    client.server.abort();
    expect([await outcome(client.server.closed, 0), sessions.size]).toEqual(["`aborted`", 0]);
  });
});

describe("a callback of the application that throws does not end", () => {
  const failing = (): never => {
    throw new Error("the application's");
  };

  test("a connection (onPing)", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const { raw, messages } = await openRaw();
    messages.onPing = failing;
    void raw.write(join(frame(0x89, "ping"), frame(0x81, "next")));
    expect(await messages.read()).toBe("next");
    expect(printed).toHaveBeenCalledOnce();
    printed.mockRestore();
  });

  test("a session (onSent)", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const client = await Client.open(new MessageSessions(), { onSent: failing });
    const atServer = collect(client.server);
    void client.session.send("one");
    await passTime(300);
    void client.session.send("two");
    await passTime(300);
    expect([atServer, client.lost, client.session.waitingBytes]).toEqual([["one", "two"], [], 0]);
    expect(printed).toHaveBeenCalledTimes(2);
    printed.mockRestore();
  });
});

test("the reason of a Close that a session survives is told without control characters", async () => {
  const client = await Client.open(new MessageSessions(), { survives: (code) => code === 1001 });
  void (client.server as MessageSession).close(1001, "x\u001b[2J\nERROR forged\u009b\u202e");
  await passTime(50);
  expect(client.lost.map(({ message }) => message)).toEqual(["the peer left: 1001 (x�[2J�ERROR forged��)"]);
});
