/** SecureWebSocketStream against a server of ours, over the WebSocket of `ws` on loopback. */
import type { AddressInfo } from "node:net";
import { TlsError } from "@handclasp/core";
import { MessageSessions } from "@handclasp/core/message-sessions";
import { acceptMessages, type Messages, messageAlpn } from "@handclasp/core/messages";
import { createServer, nodeCredential } from "@handclasp/node";
import { reconnect, SecureWebSocketStream, secureWebSocketStream, WebSocketError } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";

/** The server's handler of each path. */
const handlers: Record<string, (messages: Messages) => unknown> = {
  async "/echo"(messages) {
    for await (const message of messages) await messages.send(message);
  },
};

const sessions = new MessageSessions();
const ca = await testCa();
const credential = nodeCredential(await ca.issue());
const server = createServer(
  { credentials: [credential], alpn: [messageAlpn.answered], requireAlpn: true, onError: () => {} },
  async (channel) => {
    const { messages, opening, isResumed } = await acceptMessages(channel, {
      protocols: ["chat"],
      sessions,
      allow: ({ path }) => path in handlers,
    });
    if (!isResumed) await handlers[opening.path]?.(messages);
  },
);
const listener = await server.listenWebSocket({ path: "/" });
const { port } = listener.address() as AddressInfo;
afterAll(() => {
  sessions.close();
  return server.close({ grace: 0 });
});

const url = (path: string): string => `ws://localhost:${port}${path}`;
const Stream = secureWebSocketStream({ ca: ca.pem });
const errorOf = (promise: Promise<unknown>): Promise<WebSocketError> =>
  promise.then(
    () => expect.fail(),
    (error) => error,
  );

const piece = new Uint8Array(2 ** 18);
/** More than the buffers of two sockets hold. */
const pieces = 256;
/** Lets the sockets carry what they can. It waits for events, not for a time. */
async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a stream echoes texts and bytes, and closes with the code of the peer", async () => {
  const stream = new SecureWebSocketStream(url("/echo"), { ca: ca.pem, protocols: ["chat"] });
  const { readable, writable, protocol, session } = await stream.opened;
  expect([stream.url, protocol, session.version]).toEqual([url("/echo"), "chat", "TLSv1.2"]);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  void writer.write("text 🔌");
  void writer.write(new Uint8Array([1, 2]).buffer);
  expect((await reader.read()).value).toBe("text 🔌");
  const { value } = await reader.read();
  expect(value).toEqual(new Uint8Array([1, 2]));
  // An application may transfer the bytes to a worker.
  expect((value as Uint8Array).buffer.byteLength).toBe(2);
  stream.close({ closeCode: 3456, reason: "pizza" });
  expect(await stream.closed).toEqual({ closeCode: 3456, reason: "" });
  expect(await reader.read()).toEqual({ value: undefined, done: true });
});

test("a server that does not read holds back the writer", async () => {
  let letRead: () => void = () => {};
  const mayRead = new Promise<void>((resolve) => (letRead = resolve));
  let received = 0;
  handlers["/slow"] = async (messages) => {
    await mayRead;
    for await (const message of messages) received += message.length;
    await messages.close(1000);
  };
  const stream = new Stream(url("/slow"));
  const { writable } = await stream.opened;
  const writer = writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (; written < pieces; written++) await writer.write(piece);
    await writer.close();
  })();
  await manyTurns();
  expect(written).toBeLessThan(pieces / 2);
  letRead();
  await writing;
  expect(received).toBe(pieces * piece.length);
});

test("an application that does not read holds back the server", async () => {
  let sent = 0;
  handlers["/fast"] = async (messages) => {
    for (; sent < pieces; sent++) await messages.send(piece);
    await messages.close(1000, "all");
  };
  const stream = new Stream(url("/fast"));
  const { readable } = await stream.opened;
  await manyTurns();
  expect(sent).toBeLessThan(pieces / 2);
  let received = 0;
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) received += next.value.length;
  expect(received).toBe(pieces * piece.length);
  expect(await stream.closed).toEqual({ closeCode: 1000, reason: "all" });
});

test("closed rejects with the peer's code if the peer closes before our messages are sent", async () => {
  handlers["/enough"] = (messages) => messages.close(4567, "enough");
  const stream = new Stream(url("/enough"));
  const { writable } = await stream.opened;
  const writing = errorOf(writable.getWriter().write(new Uint8Array(2 ** 24)));
  const error = await errorOf(stream.closed);
  expect([error.constructor, error.closeCode, error.reason]).toEqual([WebSocketError, 4567, "enough"]);
  expect(TlsError.is(error.cause)).toBe(true);
  expect(await writing).toMatchObject({ name: "InvalidStateError" });
});

test("a connection that is cut rejects closed with 1006 and the TlsError", async () => {
  handlers["/cut"] = (messages) => messages.channel.abort();
  const stream = new Stream(url("/cut"));
  const { readable } = await stream.opened;
  const error = await errorOf(stream.closed);
  expect(error).toMatchObject({ name: "WebSocketError", closeCode: 1006 });
  expect(TlsError.is(error.cause)).toBe(true);
  expect(await errorOf(readable.getReader().read())).toBe(error);
});

test.each([
  ["the server refuses the path", url("/unknown"), { ca: ca.pem }, "open_refused"],
  ["there is no trust", url("/echo"), {}, "configuration"],
])("a stream does not open if %s", async (_, address, options, code) => {
  const stream = new SecureWebSocketStream(address, options);
  expect(await errorOf(stream.opened)).toMatchObject({ name: "WebSocketError", closeCode: null, cause: { code } });
  expect(await errorOf(stream.closed)).toMatchObject({ name: "WebSocketError", closeCode: 1006, cause: { code } });
});

test("a stream pipes into another, and its end reaches both servers", async () => {
  let sinkClosed: Promise<unknown> | undefined;
  handlers["/source"] = async (messages) => {
    for (const text of ["one", "two"]) await messages.send(text);
    await messages.close(4000);
  };
  const texts: unknown[] = [];
  handlers["/sink"] = async (messages) => {
    sinkClosed = messages.closed;
    for await (const text of messages) texts.push(text);
  };
  const [source, sink] = await Promise.all([new Stream(url("/source")).opened, new Stream(url("/sink")).opened]);
  await source.readable.pipeTo(sink.writable);
  expect(texts).toEqual(["one", "two"]);
  expect(await sinkClosed).toMatchObject({ code: 1005 });
});

test("a stream with reconnect goes on after a cut", async () => {
  handlers["/cuts"] = async (messages) => {
    for await (const message of messages) {
      await messages.send(message);
      if (message !== "last") messages.channel.abort();
    }
    await messages.close(1000);
  };
  const stream = new Stream(url("/cuts"), { reconnect: reconnect({ minDelay: 1 }) });
  const { readable, writable } = await stream.opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  for (const text of ["one", "two", "last"]) {
    void writer.write(text);
    expect(await reader.read()).toEqual({ value: text, done: false });
  }
  stream.close({ closeCode: 3000 });
  expect(await stream.closed).toMatchObject({ closeCode: 3000 });
});
