/** SecureWebSocketStream over a link that the test controls. */
import { type ConnectOptions, type Session, TlsError } from "@handclasp/core/client";
import { expect, test } from "vitest";

import type { Link, LinkEnd, Target } from "../src/link.ts";
import { type OpenStream, type SecureWebSocketStream, type StreamOptions, streamClass } from "../src/streamClass.ts";
import { WebSocketError, webSocketError } from "../src/webSocketError.ts";

type Message = string | Uint8Array;

class TestLink implements Link {
  readonly session = { role: "client" } as Session;
  readonly protocol = "chat";
  readonly waitingBytes = 0;
  readonly sent: Message[] = [];
  readonly closes: unknown[] = [];
  readCount = 0;
  /** Gives room to the message that was sent last. */
  giveRoom: () => void = () => {};
  refuse: (error: Error) => void = () => {};
  isAborted = false;
  abortReason: TlsError | undefined;
  readonly #waiting: Message[] = [];
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => {};
  #settle!: (end: LinkEnd | Promise<never>) => void;
  readonly closed = new Promise<LinkEnd>((resolve) => (this.#settle = resolve));

  async read(): Promise<Message | undefined> {
    this.readCount++;
    if (!this.#waiting.length && !this.#end) await new Promise<void>((resolve) => (this.#wake = resolve));
    const message = this.#waiting.shift();
    if (message === undefined && this.#end?.error) throw this.#end.error;
    return message;
  }
  send(message: Message): Promise<void> {
    this.sent.push(message);
    return new Promise((resolve, reject) => {
      this.giveRoom = resolve;
      this.refuse = reject;
    });
  }
  close(code: number | undefined, reason: string): void {
    this.closes.push([code, reason]);
  }
  abort(reason?: TlsError): void {
    this.isAborted = true;
    this.abortReason = reason;
  }

  receive(...messages: readonly Message[]): void {
    this.#waiting.push(...messages);
    this.#wake();
  }
  end(end: Partial<LinkEnd>): void {
    this.#end = {};
    this.#wake();
    this.#settle({ code: 1005, reason: "", droppedBytes: 0, ...end });
  }
  fail(error: Error): void {
    this.#end = { error };
    this.#wake();
    this.#settle(Promise.reject(error));
  }
}

type Open = (target: Target<ConnectOptions>) => Promise<Link>;
const classOver = (open: Open, defaults: StreamOptions<ConnectOptions> = {}) =>
  streamClass<ConnectOptions>(open, () => ["object signal", "any serverName", "any alpn"], defaults);

const url = "wss://chat.example/";

async function opened(): Promise<{ link: TestLink; stream: SecureWebSocketStream } & OpenStream> {
  const link = new TestLink();
  const stream = new (classOver(async () => link))(url);
  return { link, stream, ...(await stream.opened) };
}

/** Waits until nothing is left to do but to wait for the link. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
const lost = new TlsError(undefined, "the transport is gone", { code: "connection_lost" });

test("opened has streams, the protocol and the session", async () => {
  const { link, stream, protocol, extensions, session, readable, writable } = await opened();
  expect([stream.url, protocol, extensions, session]).toEqual([url, "chat", "", link.session]);
  expect([readable.constructor, writable.constructor]).toEqual([ReadableStream, WritableStream]);
});

test("the stream takes a message from the link only when the application reads", async () => {
  const { link, readable } = await opened();
  link.receive("one", "two", new Uint8Array([3]));
  const reader = readable.getReader();
  await settled();
  expect(link.readCount).toBe(0);
  expect(await reader.read()).toEqual({ value: "one", done: false });
  await settled();
  expect(link.readCount).toBe(1);
  expect([(await reader.read()).value, (await reader.read()).value]).toEqual(["two", new Uint8Array([3])]);
});

test("a write resolves when the link has room, and the next one waits for it", async () => {
  const { link, writable } = await opened();
  const writer = writable.getWriter();
  const done: string[] = [];
  void writer.write("one").then(() => done.push("one"));
  void writer.write("two").then(() => done.push("two"));
  await settled();
  expect([link.sent, done, writer.desiredSize]).toEqual([["one"], [], -1]);
  link.giveRoom();
  await settled();
  expect([link.sent, done, writer.desiredSize]).toEqual([["one", "two"], ["one"], 0]);
});

test.each<[string, unknown, unknown]>([
  ["a text", "text", "text"],
  ["an ArrayBuffer", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2])],
  ["a part of a buffer", new Uint16Array([1, 0x0302]).subarray(1), new Uint8Array([2, 3])],
  ["a DataView", new DataView(new ArrayBuffer(4), 1, 2), new Uint8Array(2)],
  ["a number", 5, "5"],
  ["undefined", undefined, "undefined"],
])("a write converts %s", async (_, chunk, expected) => {
  const { link, writable } = await opened();
  void writable.getWriter().write(chunk as string);
  await settled();
  expect(link.sent).toEqual([expected]);
});

test.each<[string, unknown]>([
  ["a symbol", Symbol("x")],
  ["an object without a text", { toString: () => ({}) }],
  ["a shared buffer", new SharedArrayBuffer(2)],
  ["a view of a shared buffer", new Uint8Array(new SharedArrayBuffer(2))],
  [
    "a resizable buffer",
    new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(2, { maxByteLength: 4 }),
  ],
])("a write of %s rejects with a TypeError, and sends nothing", async (_, chunk) => {
  const { link, writable } = await opened();
  const error = await errorOf(writable.getWriter().write(chunk as string));
  expect([(error as Error).constructor, link.sent]).toEqual([TypeError, []]);
});

test("after a clean end the readable closes, and a write rejects with InvalidStateError", async () => {
  const { link, stream, readable, writable } = await opened();
  const reader = readable.getReader();
  const writer = writable.getWriter();
  link.receive("last");
  link.end({ code: 4000, reason: "bye" });
  expect(await stream.closed).toEqual({ closeCode: 4000, reason: "bye" });
  await settled();
  const error = (await errorOf(writer.write("late"))) as DOMException;
  expect([error.name, link.sent]).toEqual(["InvalidStateError", []]);
  expect([await reader.read(), await reader.read()]).toMatchObject([{ value: "last" }, { done: true }]);
});

test("closed of a reader settles at the end without another read", async () => {
  const clean = await opened();
  const cleanReader = clean.readable.getReader();
  clean.link.end({});
  await cleanReader.closed;
  const unread = await opened();
  const unreadReader = unread.readable.getReader();
  unread.link.receive("one", "two");
  unread.link.end({});
  await unread.stream.closed;
  await settled();
  expect([(await unreadReader.read()).value, (await unreadReader.read()).value]).toEqual(["one", "two"]);
  await unreadReader.closed;
  const cut = await opened();
  const cutReader = cut.readable.getReader();
  cut.link.fail(lost);
  expect(await errorOf(cutReader.closed)).toMatchObject({ closeCode: 1006, cause: lost });
});

test("a lost connection is one WebSocketError everywhere, behind the messages that arrived", async () => {
  const { link, stream, readable, writable } = await opened();
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const writeError = errorOf(writer.write("cut"));
  link.receive("one", "two");
  await settled();
  link.refuse(lost);
  link.fail(lost);
  const error = (await errorOf(stream.closed)) as WebSocketError;
  expect(error.constructor).toBe(WebSocketError);
  expect(error).toMatchObject({ name: "WebSocketError", closeCode: 1006, reason: "", message: lost.message });
  expect(error.cause).toBe(lost);
  await settled();
  expect([await writeError, await errorOf(writer.write("x")), await errorOf(writer.closed)]).toEqual(
    Array(3).fill(error),
  );
  expect([(await reader.read()).value, (await reader.read()).value]).toEqual(["one", "two"]);
  expect(await errorOf(reader.read())).toBe(error);
});

test("closed rejects with the peer's code if messages of ours were dropped", async () => {
  const { link, stream, readable, writable } = await opened();
  const writer = writable.getWriter();
  const writing = errorOf(writer.write("long"));
  await settled();
  link.refuse(lost);
  link.end({ code: 4567, reason: "enough", droppedBytes: 4 });
  const error = await errorOf(stream.closed);
  expect(error).toMatchObject({ name: "WebSocketError", closeCode: 4567, reason: "enough", cause: { code: "closed" } });
  expect(TlsError.is((error as WebSocketError).cause)).toBe(true);
  const writeError = await writing;
  expect(writeError).toMatchObject({ name: "InvalidStateError" });
  expect(await errorOf(writer.write("x"))).toBe(writeError);
  expect(await readable.getReader().read()).toMatchObject({ done: true });
});

test("closed rejects if a write came after the peer's Close, but not if it came after our own", async () => {
  for (const [code, isClean] of [
    ["closed", false],
    ["closed_locally", true],
  ] as const) {
    const { link, stream, writable } = await opened();
    const writing = errorOf(writable.getWriter().write("late"));
    await settled();
    link.refuse(new TlsError(undefined, "closed", { code }));
    await settled();
    link.end({ code: 4567 });
    expect(await writing).toMatchObject({ name: "InvalidStateError" });
    expect(
      await stream.closed.then(
        () => true,
        () => false,
      ),
    ).toBe(isClean);
  }
});

test("close of the writer resolves when both sides have closed", async () => {
  const { link, writable } = await opened();
  let isDone = false;
  const closing = writable.close().then(() => (isDone = true));
  await settled();
  expect([link.closes, isDone]).toEqual([[[undefined, ""]], false]);
  link.end({});
  await closing;
});

test("close of the writer rejects if the connection ends otherwise", async () => {
  const { link, stream, writable } = await opened();
  const closing = writable.close();
  await settled();
  link.fail(lost);
  expect(await errorOf(closing)).toBe(await errorOf(stream.closed));
});

test.each<[string, unknown, unknown]>([
  ["nothing", undefined, [undefined, ""]],
  ["another object with a code", { closeCode: 3333, reason: "no" }, [undefined, ""]],
  ["a WebSocketError", new WebSocketError("", { closeCode: 3456, reason: "set" }), [3456, "set"]],
  ["a WebSocketError without a code", new WebSocketError("", { reason: "only" }), [1000, "only"]],
  ["the error of another connection", webSocketError(lost, 1006, "lost"), [undefined, ""]],
])("abort and cancel with %s close", async (_, reason, expected) => {
  const one = await opened();
  await one.writable.abort(reason);
  expect(one.link.closes).toEqual([expected]);
  const other = await opened();
  await other.readable.cancel(reason);
  expect(other.link.closes).toEqual([expected]);
});

test("abort closes although a write waits for room", async () => {
  const { link, writable } = await opened();
  const writer = writable.getWriter();
  void writer.write("waits").catch(() => {});
  await settled();
  void writer.abort(new WebSocketError("", { closeCode: 3001 })).catch(() => {});
  expect(link.closes).toEqual([[3001, ""]]);
});

test("a canceled readable stays closed when the connection ends", async () => {
  const { link, stream, readable } = await opened();
  await readable.cancel();
  link.receive("late");
  link.end({});
  await stream.closed;
  await settled();
  expect(await readable.getReader().read()).toMatchObject({ done: true });
});

test.each<[unknown, unknown]>([
  [undefined, [undefined, ""]],
  [null, [undefined, ""]],
  [{ closeCode: 3000, reason: "ok" }, [3000, "ok"]],
  [{ closeCode: "4999" }, [4999, ""]],
  [{ reason: "only" }, [1000, "only"]],
  [{ reason: "\ud800" }, [1000, "\ufffd"]],
])("close(%o) closes with %o", async (info, expected) => {
  const { link, stream } = await opened();
  stream.close(info as object);
  expect(link.closes).toEqual([expected]);
});

test.each<[unknown, string]>([
  [true, "TypeError"],
  [{ closeCode: Number.NaN }, "TypeError"],
  [{ closeCode: 65_536 }, "TypeError"],
  [{ closeCode: 1001 }, "InvalidAccessError"],
  [{ reason: "é".repeat(62) }, "SyntaxError"],
])("close(%o) throws %s, and does not close", async (info, name) => {
  const { link, stream } = await opened();
  expect(() => stream.close(info as object)).toThrow(expect.objectContaining({ name }));
  expect(link.closes).toEqual([]);
});

test("a stream that cannot open rejects opened and closed with the reason as cause", async () => {
  const stream = new (classOver(() => Promise.reject(lost)))(url);
  expect(await errorOf(stream.opened)).toMatchObject({ name: "WebSocketError", closeCode: null, cause: lost });
  expect(await errorOf(stream.closed)).toMatchObject({ name: "WebSocketError", closeCode: 1006, cause: lost });
});

test("close before the stream opens rejects at once, and aborts the link that opens later", async () => {
  const link = new TestLink();
  let target: Target<ConnectOptions> | undefined;
  let open: (link: Link) => void = () => {};
  const Stream = classOver((given) => {
    target = given;
    return new Promise((resolve) => (open = resolve));
  });
  const stream = new Stream(url);
  stream.close();
  expect(await errorOf(stream.opened)).toMatchObject({ closeCode: null, cause: { code: "closed_locally" } });
  expect(await errorOf(stream.closed)).toMatchObject({ closeCode: 1006, cause: { code: "closed_locally" } });
  expect(target?.signal.aborted).toBe(true);
  open(link);
  await settled();
  expect(link.isAborted).toBe(true);
});

test("an aborted signal prevents the attempt", async () => {
  let attempts = 0;
  const Stream = classOver(() => {
    attempts++;
    return Promise.reject(lost);
  });
  const reason = new Error("no");
  const stream = new Stream(url, { signal: AbortSignal.abort(reason) });
  expect([await errorOf(stream.opened), await errorOf(stream.closed), attempts]).toEqual([reason, reason, 0]);
});

test("a signal ends the attempt with its reason, and an open stream ignores it", async () => {
  const link = new TestLink();
  let isFirst = true;
  let linkSignal: AbortSignal | undefined;
  const Stream = classOver(({ signal }) => {
    linkSignal = signal;
    if (!isFirst) return Promise.resolve(link);
    isFirst = false;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(lost)));
  });
  const controller = new AbortController();
  const attempt = new Stream(url, { signal: controller.signal });
  controller.abort();
  expect(await errorOf(attempt.opened)).toBe(controller.signal.reason);
  expect(await errorOf(attempt.closed)).toBe(controller.signal.reason);

  const later = new AbortController();
  const stream = new Stream(url, { signal: later.signal });
  const { writable } = await stream.opened;
  later.abort();
  void writable.getWriter().write("on");
  await settled();
  expect([link.sent, link.closes, linkSignal?.aborted]).toEqual([["on"], [], false]);
});

test("a stream ends if the server has lost its session", async () => {
  const link = new TestLink();
  let target: Target<ConnectOptions> | undefined;
  const Stream = classOver(async (given) => {
    target = given;
    return link;
  });
  await new Stream(url).opened;
  target?.onInterrupted(lost);
  target?.onResumed();
  expect(link.isAborted).toBe(false);
  target?.onRestarted([]);
  expect([link.isAborted, link.abortReason?.code]).toEqual([true, "session_lost"]);
});

test.each<[string, unknown[], string]>([
  ["no URL", [], "TypeError"],
  ["a URL of another scheme", ["invalid:"], "SyntaxError"],
  ["options that are no object", [url, true], "TypeError"],
  ["protocols as text", [url, { protocols: "hi" }], "TypeError"],
  ["a protocol twice", [url, { protocols: ["a", "A"] }], "SyntaxError"],
  ["an unknown option", [url, { unknown: 1 }], "TlsError"],
  ["alpn", [url, { alpn: ["x"] }], "TlsError"],
])("the constructor refuses %s", (_, args, name) => {
  const Stream = classOver(async () => new TestLink()) as unknown as new (...args: unknown[]) => unknown;
  expect(() => new Stream(...args)).toThrow(expect.objectContaining({ name }));
});

test("the options of the class and of the stream reach the link", async () => {
  const targets: Target<ConnectOptions>[] = [];
  const Stream = classOver(
    async (target) => {
      targets.push(target);
      return new TestLink();
    },
    { carrier: "wss://relay.example/", maxMessage: 5 },
  );
  await new Stream("https://chat.example/room", { protocols: ["b", "a"], maxMessage: 6 }).opened;
  expect(targets[0]).toMatchObject({
    protocols: ["b", "a"],
    options: { carrier: "wss://relay.example/", maxMessage: 6 },
  });
  expect(targets[0]?.url.href).toBe("wss://chat.example/room");
});

test("the classes have the properties that WebIDL gives", async () => {
  const Stream = classOver(async () => new TestLink());
  const stream = new Stream(url);
  expect([Stream.length, Stream.prototype.close.length, Object.prototype.toString.call(stream)]).toEqual([
    1,
    0,
    "[object SecureWebSocketStream]",
  ]);
  expect(Object.keys(Stream.prototype)).toEqual(["url", "opened", "closed", "close"]);
  expect(() => Reflect.get(Stream.prototype, "url", {})).toThrow(TypeError);
});

test("a WebSocketError has a code and a reason, checked", () => {
  const error = new WebSocketError("message", { reason: "specified" });
  expect(error).toBeInstanceOf(DOMException);
  expect([error.constructor, error.name, error.code, error.message]).toEqual([
    WebSocketError,
    "WebSocketError",
    0,
    "message",
  ]);
  expect([error.closeCode, error.reason, new WebSocketError().closeCode]).toEqual([1000, "specified", null]);
  expect(String(Object.prototype.toString.call(error))).toBe("[object WebSocketError]");
  expect(() => new WebSocketError("", { closeCode: 1001 })).toThrow(
    expect.objectContaining({ name: "InvalidAccessError" }),
  );
  expect(() => new WebSocketError("", { reason: "🔌".repeat(32) })).toThrow(
    expect.objectContaining({ name: "SyntaxError" }),
  );
});
