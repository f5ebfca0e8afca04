/**
 * A socket that is cut fails with an error that libraries know, and never looks complete.
 */
import { once } from "node:events";
import { Socket } from "node:net";
import { connect, createServer, nodeCredential, TlsError } from "@handclasp/node";
import { toSocket } from "@handclasp/node/socket";
import { memoryPair } from "@handclasp/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SocketError, socketError } from "../../src/socket/errors.ts";
import { ca, closed, discard, eventsOf, issued, memorySockets, openChannels, tcpSockets, textOf } from "./sockets.ts";

describe("a socket whose connection is cut", () => {
  test("by the end of the transport fails with ECONNRESET, after the bytes that arrived", async () => {
    const { client, server, pair } = await memorySockets();
    const seen = eventsOf(server);
    client.on("error", () => {});
    client.write("half a file");
    const [bytes] = await once(server, "data");
    pair.cut();
    const [error] = (await once(server, "error")) as [SocketError];
    await closed(server);
    expect(String(bytes)).toBe("half a file");
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code: "ECONNRESET", cause: { code: "truncated" } });
    expect(seen).toEqual(["error ECONNRESET", "close"]);
  });

  test("by the peer's reset fails with ECONNRESET on both sides of a write", async () => {
    const { client, server } = await tcpSockets();
    const seen = eventsOf(server);
    client.on("error", () => {});
    client.resetAndDestroy();
    const [error] = await once(server, "error");
    expect(error).toMatchObject({ code: "ECONNRESET", cause: { code: "connection_lost" } });
    await closed(server);
    expect(seen).not.toContain("end");
  });

  test("while a write waits fails that write and emits one error", async () => {
    const { client, server, pair } = await memorySockets({}, { highWater: 2 ** 16 });
    server.pause().on("error", () => {});
    const seen = eventsOf(client);
    while (client.write(Buffer.alloc(65_536)));
    const failed = new Promise((resolve) => client.write(Buffer.alloc(2 ** 22), resolve));
    // The transport is full when it fails.
    await new Promise((resolve) => setImmediate(resolve));
    pair.fail(Object.assign(new Error("gone"), { code: "EHOSTUNREACH" }));
    expect(await failed).toBeInstanceOf(Error);
    await closed(client);
    // The transport knew the code of the network.
    expect(seen).toEqual(["error EHOSTUNREACH", "close"]);
  });

  test("by an altered record fails with the error of TLS itself", async () => {
    let isAltering = false;
    const alter = (bytes: Uint8Array) => (isAltering ? bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) : bytes);
    const { client, server } = await memorySockets({}, { alter });
    client.on("error", () => {});
    isAltering = true;
    client.write("hello");
    const [error] = await once(server, "error");
    expect(error).toMatchObject({ name: "TlsError", code: "bad_record_mac" });
  });

  test("by the peer's destroy fails with ECONNRESET", async () => {
    const { client, server } = await memorySockets();
    const seen = eventsOf(server);
    client.destroy();
    await Promise.all([closed(client), closed(server)]);
    expect(seen).toEqual(["error ECONNRESET", "close"]);
  });

  test("by destroy with bytes that wait does not look complete to the peer", async () => {
    const { client, server } = await memorySockets({}, { highWater: 2 ** 16 });
    const seen = eventsOf(server);
    // The peer has ended, so this side would end by itself, but not before it has sent everything.
    server.end();
    client.resume();
    // More than the buffers of both sides hold.
    client.write(Buffer.alloc(2 ** 22));
    await once(client, "end");
    client.destroy();
    await closed(server.resume());
    expect(seen.join()).toContain("error ECONNRESET");
    expect(seen).not.toContain("end");
  });

  test("passes on the error that the caller gave to destroy", async () => {
    const { client, server } = await memorySockets();
    server.on("error", () => {});
    const mine = new Error("mine");
    client.destroy(mine);
    expect((await once(client, "error"))[0]).toBe(mine);
  });
});

test("a server that closes closes its sockets without an error and without an end", async () => {
  const pair = memoryPair();
  const sockets: ReturnType<typeof toSocket>[] = [];
  const server = createServer({ credentials: nodeCredential(issued) }, (channel) => sockets.push(toSocket(channel)));
  server.accept(pair.b);
  const client = toSocket(connect(pair.a, { ca: ca.pem, serverName: "localhost" }));
  await once(client, "secureConnect");
  await vi.waitFor(() => expect(sockets).toHaveLength(1));
  const [socket] = sockets as [ReturnType<typeof toSocket>];
  const seen = eventsOf(socket);
  const ended = once(client, "end");
  await server.close({ grace: 0 });
  await closed(socket);
  expect(seen).toEqual(["close"]);
  await ended;
});

test("a server that closes waits for the sockets of handlers that return their end", async () => {
  const pair = memoryPair();
  const server = createServer({ credentials: nodeCredential(issued) }, (channel) => {
    const socket = toSocket(channel);
    channel.closing.addEventListener("abort", () => socket.end("last words"));
    return closed(socket.resume());
  });
  server.accept(pair.b);
  const client = toSocket(connect(pair.a, { ca: ca.pem, serverName: "localhost" }));
  await once(client, "secureConnect");
  const text = textOf(client);
  const unfinished = await server.close({ grace: 100_000 });
  expect([await text, unfinished]).toEqual(["last words", []]);
});

test("a channel that this side closes fails the write that waits, and emits no error", async () => {
  const { client, server, channels } = await memorySockets({}, { highWater: 2 ** 16 });
  server.pause().on("error", () => {});
  client.pause();
  const seen = eventsOf(client);
  const failed = new Promise((resolve) => client.write(Buffer.alloc(2 ** 22), resolve));
  // With its own buffer full, the socket reads nothing, so that only the write learns of the end.
  server.write(Buffer.alloc(2 ** 22));
  await vi.waitFor(() => expect(client.readableLength).toBeGreaterThanOrEqual(client.readableHighWaterMark));
  channels.client.abort();
  expect(await failed).toBeInstanceOf(Error);
  await closed(client);
  expect(seen).toEqual(["close"]);
});

test("the code of the network is found below the errors of Handclasp", () => {
  const network = Object.assign(new Error("read ETIMEDOUT"), { code: "ETIMEDOUT" });
  const lost = new TlsError(undefined, "lost", { code: "connection_lost", fault: "transport", cause: network });
  const inHandshake = { code: "closed_during_handshake", fault: "transport", cause: lost } as const;
  expect(socketError(new TlsError(undefined, "cut", inHandshake))).toMatchObject({ code: "ETIMEDOUT" });
});

test("a peer that leaves after its end, without waiting for ours, is no error", async () => {
  const { client, server, channels, pair } = await memorySockets({ allowHalfOpen: true });
  const seen = eventsOf(server);
  client.on("error", () => {});
  client.end();
  await once(server.resume(), "end");
  pair.fail(new Error("gone"));
  await channels.server.closed.catch(() => {});
  server.end();
  await closed(server);
  expect(seen).toEqual(["end", "finish", "close"]);
});

describe("time limits", () => {
  afterEach(() => void vi.useRealTimers());
  const useFakeTimers = () => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });

  test("setTimeout emits an event after silence, again after more silence, and leaves the socket open", async () => {
    useFakeTimers();
    const { client, server } = await memorySockets();
    let timeouts = 0;
    server.setTimeout(1000, () => timeouts++);
    server.on("timeout", () => timeouts++);
    expect(server.timeout).toBe(1000);
    await vi.advanceTimersByTimeAsync(900);
    client.write("activity");
    await once(server, "data");
    await vi.advanceTimersByTimeAsync(900);
    server.write("activity");
    await vi.advanceTimersByTimeAsync(900);
    expect(timeouts).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(timeouts).toBe(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(timeouts).toBe(2);
    client.write("activity");
    await vi.advanceTimersByTimeAsync(1100);
    // The callback is called once, the listener each time.
    expect(timeouts).toBe(3);
    server.setTimeout(0);
    client.write("activity");
    await vi.advanceTimersByTimeAsync(5000);
    expect([timeouts, server.readyState, server.timeout]).toEqual([3, "open", 0]);
    discard(client, server);
  });

  test("setTimeout emits no event while a slow peer takes the bytes of a large write", async () => {
    useFakeTimers();
    const pair = memoryPair();
    const under = new Socket();
    let unsent = 3000;
    Object.defineProperty(under, "writableLength", { get: () => unsent });
    Object.defineProperty(pair.a, "socket", { value: under });
    const channels = await openChannels(pair.a, pair.b);
    const client = toSocket(channels.client);
    const seen = eventsOf(client);
    client.setTimeout(1000);
    for (; unsent > 0; unsent -= 1000) await vi.advanceTimersByTimeAsync(1000);
    expect(seen).toEqual([]);
    unsent = 500;
    // The peer has taken some, and then takes none.
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen).toEqual(["timeout"]);
    discard(client, toSocket(channels.server));
  });

  test("setTimeout(0, callback) removes the callback", async () => {
    const { client, server } = await memorySockets();
    const callback = () => {};
    server.setTimeout(1000, callback);
    expect(server.listenerCount("timeout")).toBe(1);
    server.setTimeout(0, callback);
    expect(server.listenerCount("timeout")).toBe(0);
    expect(() => server.setTimeout(-1)).toThrow("the timeout");
    expect(() => server.setTimeout(1, 5 as never)).toThrow("the callback");
    discard(client, server);
  });

  test("after our end, a peer that stays silent is ETIMEDOUT; one that still sends is not", async () => {
    useFakeTimers();
    const pair = memoryPair();
    const channels = await openChannels(pair.a, pair.b);
    const client = toSocket(channels.client, { closeTimeout: 1000 });
    // Without a reader, the peer does not see our end, and does not close.
    channels.server.holdOpen(new Promise(() => {}));
    const seen = eventsOf(client.resume());
    client.end("question");
    await vi.advanceTimersByTimeAsync(900);
    await channels.server.write(new Uint8Array(10));
    await vi.advanceTimersByTimeAsync(900);
    expect(seen).toEqual(["finish"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toEqual(["finish", "error ETIMEDOUT", "close"]);
  });

  test("after our end, an application that does not read keeps its data", async () => {
    useFakeTimers();
    const pair = memoryPair();
    const channels = await openChannels(pair.a, pair.b);
    const client = toSocket(channels.client, { closeTimeout: 1000 });
    channels.server.holdOpen(new Promise(() => {}));
    const seen = eventsOf(client);
    client.end();
    await channels.server.write(new Uint8Array(300_000));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen).toEqual(["finish"]);
    client.resume();
    await vi.advanceTimersByTimeAsync(2000);
    expect(seen).toEqual(["finish", "error ETIMEDOUT", "close"]);
    expect(client.bytesRead).toBe(300_000);
  });

  test("with allowHalfOpen, the peer may be silent for ever after our end", async () => {
    useFakeTimers();
    const pair = memoryPair();
    const channels = await openChannels(pair.a, pair.b);
    const client = toSocket(channels.client, { closeTimeout: 1000, allowHalfOpen: true });
    channels.server.holdOpen(new Promise(() => {}));
    const seen = eventsOf(client.resume());
    client.end();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(seen).toEqual(["finish"]);
    client.destroy();
  });
});
