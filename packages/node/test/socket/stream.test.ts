import { once } from "node:events";
import { connect, createServer, nodeCredential } from "@handclasp/node";
import { type ChannelSocket, toSocket } from "@handclasp/node/socket";
import { memoryPair } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { ca, closed, discard, eventsOf, issued, memorySockets, openChannels, tcpSockets, textOf } from "./sockets.ts";

const megabyte = 2 ** 20;

describe("a socket over a channel", () => {
  test("carries text both ways and closes both sides in order", async () => {
    const { client, server } = await memorySockets();
    const seen = [eventsOf(client), eventsOf(server)];
    server.on("data", (bytes: Buffer) => server.write(`echo ${String(bytes)}`));
    client.write("one");
    expect(String((await once(client, "data"))[0])).toBe("echo one");
    client.end();
    await Promise.all([closed(client), closed(server)]);
    for (const events of seen) {
      expect(events).toContain("end");
      expect(events.at(-1)).toBe("close");
      expect(events.join()).not.toContain("error");
    }
    expect([client.bytesWritten, client.bytesRead]).toEqual([3, 8]);
    expect([server.bytesWritten, server.bytesRead]).toEqual([8, 3]);
  });

  test("gives Buffers of all bytes in order, with writes of any size", async () => {
    const { client, server } = await memorySockets();
    const sizes = [1, 100_000, 3, 16_384, 65_536, 7, 300_000];
    const sent = sizes.map((size, i) => Buffer.alloc(size, i + 1));
    const received: Buffer[] = [];
    server.on("data", (bytes: Buffer) => received.push(bytes));
    for (const bytes of sent) client.write(bytes);
    client.end();
    await once(server, "end");
    expect(received.every(Buffer.isBuffer)).toBe(true);
    expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
  });

  test("sends corked writes together, and calls back each of them", async () => {
    const { client, server } = await memorySockets();
    const called: number[] = [];
    client.cork();
    for (let i = 0; i < 5000; i++) client.write(`${i % 10}`, () => called.push(i));
    expect(client.bytesWritten).toBe(5000);
    client.uncork();
    client.end();
    expect(await textOf(server)).toBe("0123456789".repeat(500));
    expect(called).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(client.bytesWritten).toBe(5000);
  });

  test("stops a writer whose peer does not read, and goes on when the peer reads", async () => {
    const { client, server, net } = await tcpSockets();
    const total = 64 * megabyte;
    let unread = 0;
    server.pause();
    // The writer stops for good if no "drain" comes until the peer reads. Then all buffers on the way are full.
    let stalledAt = 0;
    while (client.bytesWritten < total) {
      if (client.write(Buffer.alloc(65_536))) continue;
      const drained = once(client, "drain").then(() => true);
      const stalled = new Promise<false>((resolve) => setTimeout(() => resolve(false), stalledAt ? 60_000 : 500));
      if (await Promise.race([drained, stalled])) continue;
      stalledAt ||= client.bytesWritten;
      server.on("data", (bytes: Buffer) => (unread += bytes.length)).resume();
      await drained;
    }
    expect(stalledAt).toBeGreaterThan(0);
    // The kernel buffers some MiB on each side, and the channel holds at most 4 MiB.
    expect(stalledAt - (net[1].bytesRead ?? 0)).toBeLessThan(32 * megabyte);
    client.end();
    await once(server, "end");
    expect(unread).toBe(client.bytesWritten);
  });

  test("with allowHalfOpen, answers after the peer's end", async () => {
    const { client, server } = await memorySockets({ allowHalfOpen: true });
    client.end("question");
    expect(await textOf(server)).toBe("question");
    expect(server.writable).toBe(true);
    expect(server.readyState).toBe("writeOnly");
    // Longer than the channel waits before it closes by itself.
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.end("answer");
    expect(await textOf(client)).toBe("answer");
  });

  test("by default, ends after the peer's end", async () => {
    const { client, server } = await memorySockets();
    client.end();
    server.resume();
    await Promise.all([closed(client.resume()), closed(server)]);
    expect(server.writableFinished).toBe(true);
  });

  test("sees the peer's end although nothing reads", async () => {
    const { client, server } = await memorySockets();
    client.end();
    await once(server, "end");
  });

  test("a loop over the socket, which destroys it at the end, is a clean end for both sides", async () => {
    const { client, server } = await memorySockets();
    const seen = eventsOf(client);
    client.end("all");
    client.resume();
    let text = "";
    for await (const bytes of server) text += bytes;
    expect(text).toBe("all");
    await closed(client);
    expect(seen).toEqual(["finish", "end", "close"]);
  });

  test("destroySoon sends everything before the clean end", async () => {
    const { client, server } = await memorySockets();
    server.write(Buffer.alloc(megabyte, "x"));
    server.write("last");
    server.destroySoon();
    const text = await textOf(client);
    expect(text.length).toBe(megabyte + 4);
    expect(text.endsWith("last")).toBe(true);
    await closed(server);
  });

  test("emits no event of a connection that was open before", async () => {
    const { client, server } = await memorySockets();
    const seen = eventsOf(client);
    server.end();
    await closed(client.resume());
    expect(seen).not.toContain("connect");
    expect(seen).not.toContain("secureConnect");
  });

  test("`connect` emits the event that the caller waits for", async () => {
    const { client, server } = await memorySockets();
    let isConnected = false;
    client.connect(5432, "db.example", () => (isConnected = true));
    expect(isConnected).toBe(false);
    await once(client, "connect");
    expect(isConnected).toBe(true);
    discard(client, server);
  });

  test("an error that a listener throws is an uncaught exception", async () => {
    const { client, server } = await memorySockets();
    server.on("data", () => {
      throw new Error("of the application");
    });
    const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
    try {
      client.write("x");
      expect(await uncaught).toMatchObject({ message: "of the application" });
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    discard(client, server);
  });
});

describe("a socket that is connecting", () => {
  async function connecting(): Promise<{ socket: ChannelSocket; server: ChannelSocket; open(): void }> {
    const pair = memoryPair();
    const { client, server } = await openChannels(pair.a, pair.b);
    let open: () => void = () => {};
    const promise = new Promise<typeof client>((resolve) => (open = () => resolve(client)));
    return { socket: toSocket(promise), server: toSocket(server), open: () => open() };
  }

  test("keeps writes and the end, and tells that it is connected", async () => {
    const { socket, server, open } = await connecting();
    const seen = eventsOf(socket);
    socket.setNoDelay(true).setKeepAlive(true, 1000).unref().ref();
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, "opening"]);
    expect([socket.authorized, socket.alpnProtocol, socket.getProtocol()]).toEqual([false, null, null]);
    expect(() => socket.getCipher()).toThrow("no session");
    socket.write("early ");
    socket.end("bird");
    socket.resume();
    open();
    expect(await textOf(server)).toBe("early bird");
    await closed(socket);
    expect(seen.slice(0, 3)).toEqual(["connect", "ready", "secureConnect"]);
    expect(socket.connecting).toBe(false);
  });

  test("reads for a listener that was there before the channel", async () => {
    const { socket, server, open } = await connecting();
    const data = once(socket, "data");
    open();
    await once(socket, "connect");
    expect([socket.connecting, socket.readyState, socket.alpnProtocol]).toEqual([false, "open", "test"]);
    server.write("hello");
    expect(String((await data)[0])).toBe("hello");
    discard(socket, server);
  });

  test("may be destroyed: the channel then ends when it comes", async () => {
    const { socket, server, open } = await connecting();
    const seen = eventsOf(server);
    socket.destroy();
    await closed(socket);
    open();
    await closed(server);
    expect(seen).toEqual(["error ECONNRESET", "close"]);
  });

  test("fails with the error of the promise", async () => {
    const refused = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    const socket = toSocket(Promise.reject(refused));
    expect((await once(socket, "error"))[0]).toBe(refused);
  });

  test("is connected when the handshake of its channel is done", async () => {
    const pair = memoryPair();
    const server = createServer({ credentials: nodeCredential(issued) }, () => {});
    const socket = toSocket(server.accept(pair.b));
    const seen = eventsOf(socket);
    expect(socket.connecting).toBe(true);
    const client = toSocket(connect(pair.a, { ca: ca.pem, serverName: "localhost" }));
    client.end("hi");
    client.resume();
    expect(await textOf(socket)).toBe("hi");
    await closed(socket);
    expect(seen.slice(0, 3)).toEqual(["connect", "ready", "secureConnect"]);
  });

  test("may be ended during the handshake of its channel", async () => {
    const pair = memoryPair();
    const server = createServer({ credentials: nodeCredential(issued) }, () => {});
    const socket = toSocket(server.accept(pair.b));
    socket.end();
    const client = toSocket(connect(pair.a, { ca: ca.pem, serverName: "localhost" }));
    expect(await textOf(client)).toBe("");
    await closed(socket.resume());
  });
});

test.each([
  [undefined, "the channel"],
  [{}, "the channel"],
  [5, "the channel"],
])("toSocket(%j) throws a configuration error", (channel, message) => {
  expect(() => toSocket(channel as never)).toThrow(message);
});

test("an unknown option throws a configuration error", () => {
  expect(() => toSocket(new Promise<never>(() => {}), { halfOpen: true } as never)).toThrow("halfOpen");
});
