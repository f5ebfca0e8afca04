/** Message sessions over connections that are lost: no message is lost or repeated, and memory stays bounded. */
import { MessageSession, MessageSessions } from "@handclasp/core/message-sessions";
import { acceptMessages, type Messages, openSession } from "@handclasp/core/messages";
import { expect, test } from "vitest";
import { channels } from "./pair.ts";
import { closeFrame, frame, join, openingFrame, readAll } from "./raw.ts";

const id = "a".repeat(22);

/** A raw client that begins or continues a session, and the server's session. */
async function rawSession(sessions: MessageSessions, received = 0) {
  const { client: raw, server } = await channels();
  void raw.write(openingFrame({ path: "/", protocols: [], session: { id, received } }));
  const { messages, isResumed } = await acceptMessages(server, { sessions });
  return { raw, messages, isResumed };
}

const texts = (from: number, to: number): Uint8Array =>
  join(...Array.from({ length: to - from }, (_, i) => frame(0x81, `${from + i}`)));

async function readTexts(messages: Messages): Promise<string[]> {
  const found: string[] = [];
  for await (const message of messages) found.push(message as string);
  return found;
}

test("all messages before the peer's Close are read, although the application was late", async () => {
  const { raw, messages } = await rawSession(new MessageSessions());
  void readAll(raw);
  // About 250 of them wait in the session, the others in the connection.
  void raw.write(join(texts(0, 360), closeFrame(1000)));
  expect(await messages.closed).toMatchObject({ code: 1000 });
  expect(await readTexts(messages)).toEqual(Array.from({ length: 360 }, (_, i) => `${i}`));
});

test("a client that comes back again and again does not fill the memory of a server that does not read", async () => {
  const sessions = new MessageSessions({ maxQueue: 2 ** 16 });
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) {
    const { raw, messages } = await rawSession(sessions);
    readAll(raw).catch(() => {});
    await raw.write(frame(0x82, new Uint8Array(100_000)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    counts.push((messages as MessageSession).received);
    raw.abort();
  }
  expect(counts).toEqual([1, 1, 1, 1, 1, 1]);
  sessions.close();
});

test("both sides continue where they were, and acknowledge on the new connection", async () => {
  const sessions = new MessageSessions();
  const lost: unknown[] = [];
  const first = await channels();
  const accepting = acceptMessages(first.server, { sessions });
  const opening = { path: "/", protocols: [], session: { id, received: 0 } };
  const { connection } = await openSession(first.client, opening, {});
  const { messages } = await accepting;
  const session = new MessageSession(first.client, { maxQueue: 2 ** 22, onLost: (reason) => lost.push(reason) });
  session.attach({ connection, peerReceived: 0, skip: 0 });
  for (let i = 0; i < 10; i++) void session.send(`${i}`);
  for (let i = 0; i < 10; i++) expect(await messages.read()).toBe(`${i}`);
  first.client.abort();
  await expect(connection.closed).rejects.toMatchObject({ code: "aborted" });
  for (let i = 10; i < 20; i++) void session.send(`${i}`);
  await expect(session.ping()).rejects.toMatchObject({ code: "interrupted" });

  const second = await channels();
  const again = acceptMessages(second.server, { sessions });
  const { connection: next, answer } = await openSession(
    second.client,
    { ...opening, session: { id, received: session.received } },
    {},
  );
  expect(await again).toMatchObject({ isResumed: true, messages });
  expect(answer.session).toEqual({ resumed: true, received: 10, from: 0 });
  session.attach({ connection: next, peerReceived: 10, skip: 0 });
  for (let i = 10; i < 20; i++) expect(await messages.read()).toBe(`${i}`);
  await expect.poll(() => session.waitingBytes).toBe(0);
  expect(lost).toHaveLength(1);
  void session.close(4000);
  expect(await messages.read()).toBeUndefined();
  expect(await messages.closed).toMatchObject({ code: 4000 });
  expect(sessions.size).toBe(0);
});

test("a Close that cannot be sent leaves the session open", async () => {
  const { raw, messages } = await rawSession(new MessageSessions());
  await expect(messages.close(1)).rejects.toMatchObject({ code: "usage" });
  void raw.write(frame(0x81, "open"));
  expect(await messages.read()).toBe("open");
});

test("an acknowledgement of messages that were never sent ends the session", async () => {
  const { raw, messages } = await rawSession(new MessageSessions());
  void readAll(raw);
  void raw.write(frame(0x8c, "1"));
  await expect(messages.read()).rejects.toMatchObject({ code: "invalid_frame" });
});
