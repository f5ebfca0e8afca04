/**
 * SecureWebSocket with `reconnect` under a virtual clock: it moves to a new channel before the keys of the old one are
 * used up, and finds out whether the server still answers.
 */
import { reconnect } from "@handclasp/node/websocket";
import { describe, expect, test, vi } from "vitest";
import { answering, closeWell, MemoryNet, numbers, openSocket, pass, until, useVirtualClock } from "./memoryNet.ts";

useVirtualClock();

describe("a renewal", () => {
  test("moves 5 times to a new channel while both sides send, and loses or repeats nothing", async () => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket, events, messages } = await openSocket(net, { reconnect: reconnect({ renewAfter: 20 }) });
    let sent = 0;
    while (events.filter((event) => event === "resumed").length < 5) {
      for (let i = 0; i < 10; i++) socket.send(`${sent++}`);
      await pass(1);
    }
    await until(() => messages.length === sent);
    expect(received).toEqual(numbers(sent));
    expect(messages).toEqual(numbers(sent).map((text) => `re ${text}`));
    expect(events.filter((event) => event !== "resumed")).toEqual(["open"]);
    await closeWell(socket, net);
  });

  test("that reaches another server process leaves the session where it is", async () => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket, events, messages } = await openSocket(net, { reconnect: reconnect({ renewAfter: 20 }) });
    net.restart(() => {});
    for (const text of numbers(100)) {
      socket.send(text);
      await pass(10);
    }
    await until(() => messages.length === 100);
    expect([net.attempts, events, received]).toEqual([2, ["open"], numbers(100)]);
    expect(net.sessions.size).toBe(0);
    socket.close();
    await until(() => socket.readyState === 3);
    // The pause after a renewal that failed must not keep a program running.
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each(["the old channel is cut", "the socket closes"])("under way: %s, and nothing is lost", async (what) => {
    const { received, handler } = answering();
    const net = new MemoryNet(handler);
    const { socket, messages } = await openSocket(net, { reconnect: reconnect({ renewAfter: 20, minDelay: 100 }) });
    const { attempts } = net;
    let sent = 0;
    while (net.attempts === attempts) {
      for (let i = 0; i < 5; i++) socket.send(`${sent++}`);
      await pass(0);
    }
    for (let i = 0; i < 5; i++) socket.send(`${sent++}`);
    if (what === "the old channel is cut") {
      net.cut();
      await until(() => messages.length === sent);
    }
    await closeWell(socket, net);
    expect(received).toEqual(numbers(sent));
  });
});

describe("a server that does not answer", () => {
  test("is given up after the ping's time, and the session continues", async () => {
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net);
    await pass(120_000);
    expect(events).toEqual(["open"]);
    net.isSilent = true;
    // The last answer came 20 seconds ago, so the next ping is due in 5 seconds.
    await pass(14_900);
    expect(events).toEqual(["open"]);
    await pass(200);
    expect(events).toEqual(["open", "interrupted interrupted"]);
    net.isSilent = false;
    net.cut();
    await until(() => events.includes("resumed"));
    await closeWell(socket, net);
  });

  test("gets more time if the timer is late, because the page was frozen", async () => {
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net);
    net.isSilent = true;
    await pass(25_000);
    // The ping is lost. An hour passes in which no timer fires, and then they are late.
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(10_000);
    expect(events).toEqual(["open"]);
    await pass(10_000);
    expect(events).toEqual(["open", "interrupted interrupted"]);
    net.isSilent = false;
    await until(() => events.includes("resumed"));
    await closeWell(socket, net);
  });

  test("is asked when the page becomes visible or online, and not when it becomes hidden", async () => {
    const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    const window = new EventTarget();
    vi.stubGlobal("document", document);
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
    const net = new MemoryNet();
    const { socket, events } = await openSocket(net);
    net.isSilent = true;
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(11_000);
    expect(events).toEqual(["open"]);
    document.visibilityState = "visible";
    for (let i = 0; i < 100; i++) document.dispatchEvent(new Event("visibilitychange"));
    await pass(10_000);
    expect(events).toEqual(["open", "interrupted interrupted"]);
    net.isUp = false;
    net.isSilent = false;
    await pass(60_000);
    net.isUp = true;
    window.dispatchEvent(new Event("online"));
    await pass(10);
    expect(events.at(-1)).toBe("resumed");
    await closeWell(socket, net);
    const { attempts } = net;
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(1_000);
    expect(net.attempts).toBe(attempts);
  });
});
