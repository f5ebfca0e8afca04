/**
 * SecureWebSocket with `reconnect` under a virtual clock: what it tells, when it tries again and when it gives up, and
 * that no message is lost or repeated.
 */
import type { TlsConnection } from "@handclasp/core";
import type { Messages } from "@handclasp/core/messages";
import { reconnect } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import {
  answering,
  closeWell,
  eventsOf,
  MemoryNet,
  numbers,
  openSocket,
  pass,
  until,
  url,
  useVirtualClock,
} from "./memoryNet.ts";

useVirtualClock();

/** Refuses an opening, as a server that is stopping does. */
async function refuse(channel: TlsConnection, code: number): Promise<void> {
  await channel.read();
  // A Close: 4 bytes, with the code and no reason.
  await channel.write(new Uint8Array([0x88, 2, code >> 8, code & 255]));
}

describe("a socket that loses its connection", () => {
  test("tells, continues, and delivers what was sent meanwhile", async () => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket, events, messages } = await openSocket(net);
    socket.send("0");
    net.cut();
    await until(() => events.includes("interrupted connection_lost"));
    expect(socket.readyState).toBe(1);
    socket.send("1");
    expect(socket.bufferedAmount).toBeGreaterThan(0);
    await until(() => messages.length === 2);
    expect(events).toEqual(["open", "interrupted connection_lost", "resumed"]);
    await pass(200);
    expect([received, messages, socket.bufferedAmount]).toEqual([["0", "1"], ["re 0", "re 1"], 0]);
    await closeWell(socket, net);
  });

  test("tries again with delays that double, at random between half and all, up to `maxDelay`", async () => {
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net);
    const random = vi.spyOn(Math, "random").mockReturnValue(1);
    net.isUp = false;
    net.cut();
    await pass(0);
    const times: number[] = [];
    const start = Date.now();
    for (let seen = net.attempts; times.length < 9; await pass(50)) {
      if (net.attempts > seen) times.push(Date.now() - start);
      seen = net.attempts;
    }
    expect(times.map((time, i) => time - (times[i - 1] ?? 0))).toEqual(
      [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].map((ms) => expect.closeTo(ms, -2)),
    );
    net.isUp = true;
    await until(() => events.includes("resumed"), 50);
    // A connection that lived for 5 seconds proves that the server accepts us: the delays begin anew.
    await pass(5_100);
    random.mockReturnValue(0);
    const { attempts } = net;
    net.cut();
    await pass(49);
    expect(net.attempts).toBe(attempts);
    await pass(2);
    expect(net.attempts).toBe(attempts + 1);
    random.mockRestore();
    await closeWell(socket, net);
  });

  test("to a server that has lost the session tells which messages it may not have received", async () => {
    const first = answering();
    const net = new MemoryNet(first.handler);
    const { socket, events, messages } = await openSocket(net);
    let unconfirmed: unknown;
    socket.addEventListener("restarted", (event) => {
      ({ unconfirmed } = event);
      for (const text of event.unconfirmed) socket.send(text);
    });
    for (const text of numbers(10)) socket.send(text);
    await until(() => messages.length === 10);
    await pass(200);
    const second = answering();
    net.restart(second.handler);
    // The server receives these, and is gone before it acknowledges them.
    for (const text of numbers(3, 10)) socket.send(text);
    await until(() => first.received.length === 13, 1);
    net.cut();
    await pass(1);
    for (const text of numbers(3, 13)) socket.send(text);
    await until(() => second.received.length === 6);
    expect(unconfirmed).toEqual(numbers(6, 10));
    expect(events).toEqual(["open", "interrupted connection_lost", "restarted"]);
    expect(second.received).toEqual(numbers(6, 10));
    // The first server process waits for the client.
    await closeWell(socket, net, 1);
  });

  test.each([1001, 1012, 1013])("because the server leaves with %d comes back", async (code) => {
    let messages: Messages | undefined;
    const net = new MemoryNet((accepted) => {
      messages = accepted;
    });
    const { socket, events } = await openSocket(net);
    void messages?.close(code);
    await until(() => events.includes("restarted"));
    expect(events).toEqual(["open", "interrupted interrupted", "restarted"]);
    await closeWell(socket, net);
  });

  test("while its queue is full closes with `queue_full`", async () => {
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net, { reconnect: reconnect({ maxQueue: 10_000 }) });
    net.isUp = false;
    net.cut();
    await pass(1);
    for (let i = 0; i < 4; i++) socket.send("x".repeat(4_000));
    await pass(1);
    expect(events).toEqual(["open", "interrupted connection_lost", "error queue_full", "close 1006"]);
    await expect(socket.closed).rejects.toMatchObject({ code: "queue_full" });
    expect(vi.getTimerCount()).toBe(1); // the server's session
  });
});

describe("a socket opens", () => {
  test("although the server is not there yet", async () => {
    const net = new MemoryNet();
    net.isUp = false;
    const socket = new net.Socket(url);
    const events = eventsOf(socket);
    await pass(1_000);
    expect([socket.readyState, net.attempts > 2]).toEqual([0, true]);
    net.isUp = true;
    await until(() => socket.readyState === 1);
    expect(new Set(events)).toEqual(new Set(["interrupted connection_refused", "open"]));
    await closeWell(socket, net);
  });

  test("not to a server that it does not trust, which is not asked again", async () => {
    const net = new MemoryNet();
    const other = await testCa();
    const { events, socket } = await openSocket(net, { ca: other.pem });
    await pass(60_000);
    expect([events, net.attempts]).toEqual([["error unknown_issuer", "close 1006"], 1]);
    await expect(socket.opened).rejects.toMatchObject({ code: "unknown_issuer" });
  });

  test("not to a server that refuses it, which is not asked again", async () => {
    const refusing = new MemoryNet(undefined, {}, { allow: () => false });
    const { events } = await openSocket(refusing);
    await pass(60_000);
    expect([events, refusing.attempts]).toEqual([["error open_refused", "close 1006"], 1]);
  });

  test("not after `close`, and leaves no timer", async () => {
    const net = new MemoryNet();
    net.isUp = false;
    const socket = new net.Socket(url);
    await pass(500);
    const { attempts } = net;
    socket.close();
    await pass(60_000);
    expect([socket.readyState, net.attempts - attempts, vi.getTimerCount()]).toEqual([3, 0, 0]);
    await expect(socket.opened).rejects.toBeDefined();
  });
});

describe("an opening that a server refuses", () => {
  test("because it restarts is repeated", async () => {
    let isRestarting = true;
    const net = new MemoryNet();
    net.onAccept = (channel) => {
      if (!isRestarting) return false;
      void refuse(channel, 1012);
      return true;
    };
    const socket = new net.Socket(url);
    const events = eventsOf(socket);
    await until(() => events.length > 1);
    isRestarting = false;
    await until(() => socket.readyState === 1);
    expect(new Set(events)).toEqual(new Set(["interrupted open_refused", "open"]));
    await closeWell(socket, net);
  });
});

describe("`close`", () => {
  test("while interrupted delivers what was sent, and the close", async () => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket } = await openSocket(net);
    net.cut();
    await pass(1);
    socket.send("last");
    await closeWell(socket, net);
    expect(received).toEqual(["last"]);
  });

  test("in the task in which the connection is lost delivers what was sent, and the close", async () => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket, events } = await openSocket(net);
    for (const text of numbers(3_000)) socket.send(text);
    socket.close(4000, "bye");
    net.cut();
    await until(() => socket.readyState === socket.CLOSED);
    expect(events).toEqual(["open", "interrupted connection_lost", "resumed", "close 4000"]);
    await until(() => received.length === 3_000);
    expect(received).toEqual(numbers(3_000));
  });

  test("while the server is gone ends after 5 seconds, with an error", async () => {
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net);
    net.isUp = false;
    net.cut();
    await pass(1);
    socket.send("lost");
    socket.close(1000);
    await pass(5_100);
    expect(events.at(-1)).toBe("close 1006");
    await expect(socket.closed).rejects.toMatchObject({ code: "close_timeout" });
    expect(vi.getTimerCount()).toBe(1); // the server's session
  });

  test("while the server has lost the session ends with an error, because messages may be lost", async () => {
    const net = new MemoryNet();
    const { socket } = await openSocket(net);
    net.restart();
    net.cut();
    await pass(1);
    socket.send("lost");
    socket.close(1000);
    await until(() => socket.readyState === 3);
    await expect(socket.closed).rejects.toMatchObject({ code: "session_lost" });
    await pass(100);
    expect(net.sessions.size).toBe(0);
  });

  test("is repeated on another connection if it was lost with the first", async () => {
    let opened = 0;
    const net = new MemoryNet(() => opened++);
    const { socket, events } = await openSocket(net);
    net.isSilent = true;
    socket.close(4000);
    await pass(1);
    net.isSilent = false;
    net.cut();
    await until(() => socket.readyState === socket.CLOSED);
    expect(events).toEqual(["open", "interrupted connection_lost", "resumed", "close 4000"]);
    expect([opened, net.attempts]).toEqual([1, 2]);
  });

  test("does not make the server take the client for a new one, when the answer to the Close is lost", async () => {
    let opened = 0;
    const net = new MemoryNet(() => opened++);
    const { socket, events } = await openSocket(net);
    net.isSilent = "b->a";
    socket.close(1000);
    await pass(1);
    net.isSilent = false;
    net.cut();
    await pass(60_000);
    expect(events).toEqual(["open", "interrupted connection_lost", "error session_lost", "close 1006"]);
    expect([opened, net.attempts, net.sessions.size]).toEqual([1, 2, 0]);
    expect(net.errors).toMatchObject([{ code: "open_refused" }]);
  });

  test("by an AbortSignal ends at once, also while interrupted", async () => {
    const net = new MemoryNet();
    const controller = new AbortController();
    const { socket } = await openSocket(net, { signal: controller.signal });
    net.isUp = false;
    net.cut();
    await pass(1);
    controller.abort();
    await pass(1);
    expect(socket.readyState).toBe(3);
    net.sessions.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
