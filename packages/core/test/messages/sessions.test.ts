/**
 * A session between two ends of ours, over one connection after another: no message is lost or repeated, whatever
 * happens to the connections, and what a peer can make us keep is limited.
 */
import { MessageSessions } from "@handclasp/core/message-sessions";
import type { Messages } from "@handclasp/core/messages";
import { describe, expect, test, vi } from "vitest";
import { outcome, passTime, useVirtualClock } from "../connection/endings.ts";
import { Client, collect, cut, dial, numbers } from "./sessionPair.ts";

useVirtualClock();

const kilobytes = (count: number, fill = 1): Uint8Array => new Uint8Array(1024 * count).fill(fill);

describe("a session goes on", () => {
  test("over a cut: messages that were sent before and meanwhile arrive once, in order", async () => {
    const client = await Client.open(new MessageSessions());
    const [atServer, atClient] = [collect(client.server), collect(client.session)];
    for (const text of numbers(50)) {
      void client.session.send(text);
      void client.server.send(text);
    }
    await client.cut();
    for (const text of numbers(50, 50)) {
      void client.session.send(text);
      void client.server.send(text);
    }
    expect(client.lost.map(({ code }) => code)).toEqual(["connection_lost"]);
    expect(await client.renew()).toBe(true);
    expect([atServer, atClient]).toEqual([numbers(100), numbers(100)]);
  });

  test("on a new connection while the old one still works, which then carries nothing", async () => {
    const client = await Client.open(new MessageSessions());
    const [atServer, atClient] = [collect(client.server), collect(client.session)];
    const before = client.dialed.connection;
    for (let round = 0; round < 5; round++) {
      // The client receives these on the old connection, after it has said how many it had received.
      for (const text of numbers(10, round * 10)) void client.server.send(text);
      const renewing = client.renew();
      for (const text of numbers(10, round * 10)) void client.session.send(text);
      expect(await renewing).toBe(true);
    }
    await passTime(200);
    expect([atServer, atClient]).toEqual([numbers(50), numbers(50)]);
    expect([client.session.waitingBytes, client.server.waitingBytes]).toEqual([0, 0]);
    await expect(before.channel.closed).resolves.toBeUndefined();
    // The server closed the old connection when it had the new one.
    expect(new Set(client.lost.map(({ code }) => code))).toEqual(new Set(["no_close"]));
  });

  test("when one side skips all messages that come again: they are acknowledged, and no writer waits", async () => {
    const client = await Client.open(new MessageSessions());
    const atClient = collect(client.session);
    const stated = client.session.received;
    for (let i = 0; i < 20; i++) await client.server.send(kilobytes(100));
    const waiting = client.server.send(kilobytes(100));
    // The client has read all of them, but no acknowledgement has left yet.
    const { connection, answer } = await dial(client.sessions, stated);
    const { received, from } = answer.session as NonNullable<typeof answer.session>;
    expect(from).toBeGreaterThan(stated);
    client.session.attach({ connection, peerReceived: received, skip: client.session.received - from });
    expect(await outcome(waiting, 1000)).toBe("resolves");
    expect(atClient).toHaveLength(21);
    expect(client.server.waitingBytes).toBe(0);
  });

  test("although its connection changes before an acknowledgement was due", async () => {
    const client = await Client.open(new MessageSessions());
    collect(client.server);
    await client.session.send("old");
    await passTime(1);
    await client.renew();
    await client.session.send("new");
    await passTime(500);
    expect(client.session.waitingBytes).toBe(0);
  });

  test("when both sides send much and each waits for the other: acknowledgements are not behind messages", async () => {
    const client = await Client.open(new MessageSessions());
    const requests = 2_000;
    const atClient = collect(client.session);
    for (let i = 0; i < requests; i++) void client.session.send(kilobytes(1));
    void (async () => {
      for await (const message of client.server) {
        await client.server.send(kilobytes(16));
        expect(message).toHaveLength(1024);
      }
    })();
    await passTime(20_000);
    expect(atClient).toHaveLength(requests);
  });
});

describe("a session ends", () => {
  test("when the peer closes: a slow reader gets all messages before", async () => {
    const client = await Client.open(new MessageSessions());
    const all = numbers(3_000);
    for (const text of all) void client.session.send(text);
    const closed = client.session.close(4001, "bye");
    await passTime(1_000);
    expect(await closed).toMatchObject({ code: 4001 });
    const received: unknown[] = [];
    for await (const message of client.server) received.push(message);
    expect(received).toEqual(all);
    expect(await client.server.closed).toMatchObject({ code: 4001, reason: "bye" });
    expect(client.sessions.size).toBe(0);
  });

  test("when this side fails: it does not wait for the client, and leaves no timer", async () => {
    const sessions = new MessageSessions();
    const client = await Client.open(sessions);
    client.session.fail(Object.assign(new Error("ours"), { code: "aborted" }) as never);
    await passTime(1);
    expect(client.lost).toEqual([]);
    const server = await Client.open(new MessageSessions(), {});
    const [entry] = [server.sessions];
    (server.server as Client["session"]).fail(new Error("theirs") as never);
    await passTime(10_000);
    expect(entry.size).toBe(0);
    expect(await server.renew()).toBe(false);
  });

  test.each([
    ["an acknowledgement of messages that were never sent", 1],
    ["a large acknowledgement", Number.MAX_SAFE_INTEGER],
  ])("at %s", async (_, count) => {
    const client = await Client.open(new MessageSessions());
    client.dialed.connection.sendAck(count);
    await passTime(1);
    await expect(client.server.closed).rejects.toMatchObject({ code: "invalid_frame" });
    await expect(client.session.closed).resolves.toMatchObject({ code: 1002 });
    expect(client.sessions.size).toBe(0);
  });

  test("a flood of acknowledgements changes nothing", async () => {
    const client = await Client.open(new MessageSessions());
    for (let i = 0; i < 10_000; i++) {
      client.dialed.connection.sendAck(0);
      if (i % 100 === 0) await passTime(0);
    }
    const atClient = collect(client.session);
    await client.server.send("still here");
    await passTime(1);
    expect(atClient).toEqual(["still here"]);
  });
});

describe("`close`", () => {
  test("without a connection waits for one, and comes after what was sent", async () => {
    const client = await Client.open(new MessageSessions());
    const atServer = collect(client.server);
    await client.cut();
    void client.session.send("last");
    const closed = client.session.close(4002);
    await client.renew();
    expect(await closed).toMatchObject({ code: 4002 });
    expect(atServer).toEqual(["last", "end"]);
  });

  test("of a server whose client is away reaches the client when it comes back", async () => {
    const client = await Client.open(new MessageSessions());
    const atClient = collect(client.session);
    await client.cut();
    void client.server.send("last");
    void client.server.close(4003, "go");
    expect(await client.renew()).toBe(true);
    expect(await client.session.closed).toMatchObject({ code: 4003, reason: "go" });
    expect(atClient).toEqual(["last", "end"]);
  });

  test("without a connection gives up after 5 seconds", async () => {
    const client = await Client.open(new MessageSessions());
    await client.cut();
    const [near, far] = [client.session.close(), client.server.close()];
    expect(await outcome(near, 4_900)).toBe("pending");
    expect([await outcome(near, 200), await outcome(far, 0)]).toEqual(["`close_timeout`", "`close_timeout`"]);
    expect(client.sessions.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("gives the connection that replaces the closing one all messages again", async () => {
    const client = await Client.open(new MessageSessions());
    const atServer = collect(client.server);
    const stated = client.session.received;
    // The server has the new connection, and the client does not know it yet.
    const { connection, answer } = await dial(client.sessions, stated);
    void client.session.send("late");
    void client.session.close(1000);
    await passTime(1);
    expect(client.lost.map(({ code }) => code)).toEqual(["no_close"]);
    client.session.attach({ connection, peerReceived: answer.session?.received as number, skip: 0 });
    expect(await outcome(client.session.closed, 10)).toBe("resolves");
    expect(atServer).toEqual(["late", "end"]);
  });
});

describe("limits", () => {
  test("a message ends the session if too many bytes wait before it; one longer message is sent", async () => {
    const sessions = new MessageSessions();
    const client = await Client.open(sessions, { maxQueue: 10_000 });
    const atServer = collect(client.server);
    void client.session.send(kilobytes(20));
    await passTime(200);
    expect(atServer).toHaveLength(1);
    await client.cut();
    void client.session.send(kilobytes(5));
    const full = client.session.send(kilobytes(5));
    expect(await outcome(full, 0)).toBe("pending");
    expect(await outcome(client.session.send("one more"), 0)).toBe("`queue_full`");
    expect([await outcome(full, 0), await outcome(client.session.closed, 0)]).toEqual(["`queue_full`", "`queue_full`"]);
  });

  test("a server's queue is limited likewise, with and without a connection", async () => {
    for (const isCut of [true, false]) {
      const client = await Client.open(new MessageSessions({ maxQueue: 10_000 }));
      if (isCut) await client.cut();
      for (let i = 0; i < 8; i++) void client.server.send(kilobytes(1));
      expect(await outcome(client.server.send("full"), 0)).toBe("`queue_full`");
      expect(client.sessions.size).toBe(0);
    }
  });

  test("a client that reconnects again and again cannot fill the memory of a server that does not read", async () => {
    const client = await Client.open(new MessageSessions({ maxQueue: 100_000 }));
    for (let i = 0; i < 10; i++) {
      for (let sent = 0; sent < 20; sent++) void client.session.send(kilobytes(10));
      await passTime(1);
      await client.cut();
      await client.renew();
    }
    // The inbox of the session takes 100,000 bytes and one message more.
    expect((client.server as Client["session"]).received).toBeLessThanOrEqual(11);
    const atServer = collect(client.server);
    await passTime(5_000);
    expect(atServer).toHaveLength(200);
  });

  test("of the sessions that wait, the one that has waited longest ends first", async () => {
    const sessions = new MessageSessions({ maxWaiting: 2 });
    const ids = ["A", "B", "C", "D"].map((letter) => letter.repeat(22));
    const opened = [];
    for (const one of ids) opened.push(await dial(sessions, 0, one));
    for (const i of [1, 0, 2]) {
      cut(opened[i] as never);
      await passTime(1);
    }
    const states = [];
    for (const { accepted } of opened) states.push(await outcome(accepted.messages.closed, 0));
    expect(states).toEqual(["pending", "`session_lost`", "pending", "pending"]);
    expect(sessions.size).toBe(3);
  });

  test("the memory of the sessions that wait is limited, also while one of them gets messages", async () => {
    const sessions = new MessageSessions({ maxWaitingBytes: 100_000 });
    const ids = ["A", "B", "C"].map((letter) => letter.repeat(22));
    const opened = [];
    for (const one of ids) opened.push(await dial(sessions, 0, one));
    const messages = opened.map(({ accepted }) => accepted.messages);
    const states = async (): Promise<unknown[]> => Promise.all(messages.map(({ closed }) => outcome(closed, 0)));
    for (const i of [0, 1, 2]) {
      void messages[i]?.send(kilobytes(30));
      cut(opened[i] as never);
      await passTime(1);
    }
    expect(await states()).toEqual(["pending", "pending", "pending"]);
    void messages[2]?.send(kilobytes(30));
    expect(await states()).toEqual(["`session_lost`", "pending", "pending"]);
    void messages[2]?.send(kilobytes(50));
    expect(await states()).toEqual(["`session_lost`", "`session_lost`", "`session_lost`"]);
    expect(sessions.size).toBe(0);
  });

  test("a client that leaves many sessions loses its own, and not those of other addresses", async () => {
    const sessions = new MessageSessions({ maxWaiting: 3 });
    const opened = [];
    for (const [letter, address] of [
      ["A", "192.0.2.1"],
      ["B", "192.0.2.2"],
      ["C", "192.0.2.2"],
      ["D", "192.0.2.2"],
      ["E", "192.0.2.2"],
    ] as const) {
      const one = await dial(sessions, 0, letter.repeat(22), {}, "/", address);
      opened.push(one);
      cut(one);
      await passTime(1);
    }
    const states = await Promise.all(opened.map(({ accepted }) => outcome(accepted.messages.closed, 0)));
    expect(states).toEqual(["pending", "`session_lost`", "`session_lost`", "pending", "pending"]);
  });

  test("the bytes that wait are fair likewise", async () => {
    const sessions = new MessageSessions({ maxWaitingBytes: 100_000 });
    const opened = [
      await dial(sessions, 0, "A".repeat(22), {}, "/", "192.0.2.1"),
      await dial(sessions, 0, "B".repeat(22), {}, "/", "192.0.2.2"),
    ] as const;
    const [quiet, greedy] = opened.map(({ accepted }) => accepted.messages) as [Messages, Messages];
    void quiet.send(kilobytes(40));
    for (const one of opened) {
      cut(one);
      await passTime(1);
    }
    void greedy.send(kilobytes(70));
    expect([await outcome(quiet.closed, 0), await outcome(greedy.closed, 0)]).toEqual(["pending", "`session_lost`"]);
  });

  test("the memory of the sessions that are open is limited: the one with the most ends", async () => {
    const sessions = new MessageSessions({ maxOpenBytes: 100_000 });
    const [quiet, idle, greedy] = [
      await dial(sessions, 0, "A".repeat(22), {}, "/", "192.0.2.1"),
      await dial(sessions, 0, "B".repeat(22), {}, "/", "192.0.2.2"),
      await dial(sessions, 0, "C".repeat(22), {}, "/", "192.0.2.2"),
    ].map(({ accepted }) => accepted.messages) as [Messages, Messages, Messages];
    void quiet.send(kilobytes(45));
    void idle.send(kilobytes(1));
    void greedy.send(kilobytes(40));
    expect(await outcome(greedy.closed, 0)).toBe("pending");
    // The one with the most of one address has less than 45 KiB, but the address has more.
    void idle.send(kilobytes(6));
    void greedy.send(kilobytes(10));
    const states = [quiet, idle, greedy].map(({ closed }) => outcome(closed, 0));
    expect(await Promise.all(states)).toEqual(["pending", "pending", "`queue_full`"]);
    // The place is free again.
    void quiet.send(kilobytes(40));
    expect(await outcome(quiet.closed, 0)).toBe("pending");
  });

  test("a server forgets a client that does not come back in time, and no timer is left", async () => {
    const client = await Client.open(new MessageSessions({ keep: 10_000 }));
    const atServer = collect(client.server);
    await client.cut();
    await passTime(9_900);
    expect(atServer).toEqual([]);
    await passTime(100);
    expect(atServer).toEqual(["session_lost"]);
    expect([client.sessions.size, vi.getTimerCount()]).toEqual([0, 0]);
    expect(await client.renew()).toBe(false);
  });

  test("a client that comes back in time stops the clock", async () => {
    const client = await Client.open(new MessageSessions({ keep: 10_000 }));
    await client.cut();
    await passTime(9_000);
    await client.renew();
    await passTime(20_000);
    expect(await outcome(client.server.closed, 0)).toBe("pending");
  });

  test("after `close` of the sessions none waits any more", async () => {
    const sessions = new MessageSessions();
    const [away, here] = [await dial(sessions), await dial(sessions, 0, "B".repeat(22))];
    cut(away);
    await passTime(1);
    sessions.close();
    expect(await outcome(away.accepted.messages.closed, 0)).toBe("`session_lost`");
    expect(await outcome(here.accepted.messages.closed, 0)).toBe("pending");
    cut(here);
    expect(await outcome(here.accepted.messages.closed, 1)).toBe("`session_lost`");
    expect([sessions.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe("an opening is refused, and the session goes on", () => {
  test.each([["which says that the client has received more than was sent", 4]])("%s", async (_, received) => {
    const client = await Client.open(new MessageSessions());
    const atClient = collect(client.session);
    for (const text of numbers(3)) void client.server.send(text);
    await passTime(200);
    await expect(dial(client.sessions, received)).rejects.toMatchObject({ code: "open_refused" });
    await client.server.send("3");
    await passTime(1);
    expect(atClient).toEqual(numbers(4));
  });

  test("for another path than the session began with, which `allow` may have refused", async () => {
    const sessions = new MessageSessions();
    const key = "D".repeat(22);
    const { accepted } = await dial(sessions, 0, key, {}, "/secret");
    await expect(dial(sessions, 0, key, {}, "/public")).rejects.toMatchObject({ code: "open_refused" });
    expect((await dial(sessions, 0, key, {}, "/secret")).accepted.messages).toBe(accepted.messages);
  });

  test("of a client with another certificate, or without one", async () => {
    const { credential: first } = await credentialOf("first");
    const { credential: second } = await credentialOf("second");
    const sessions = new MessageSessions();
    const key = "C".repeat(22);
    const { accepted } = await dial(sessions, 0, key, { credentials: [first] });
    await expect(dial(sessions, 0, key, { credentials: [second] })).rejects.toMatchObject({
      code: "open_refused",
    });
    await expect(dial(sessions, 0, key)).rejects.toMatchObject({ code: "open_refused" });
    expect(await outcome(accepted.messages.closed, 0)).toBe("pending");
    const again = await dial(sessions, 0, key, { credentials: [first] });
    expect(again.answer.session?.resumed).toBe(true);
    expect(again.accepted.messages).toBe(accepted.messages);
  });
});

async function credentialOf(name: string) {
  const { ca } = await import("../connection/endings.ts");
  const { nodeCredential } = await import("../../../node/src/crypto/credential.ts");
  return { credential: nodeCredential(await ca.issue({ client: true, commonName: name })) };
}
