/** A server's socket: its messages, its ends and its errors. The transports are in memory, and the clock is virtual. */
import { once } from "node:events";
import { connect, TlsError } from "@handclasp/core";
import { MessageSessions } from "@handclasp/core/message-sessions";
import { openSession } from "@handclasp/core/messages";
import { createWebSocketServer, type ServerSocket } from "@handclasp/node/websocket";
import { memoryPair } from "@handclasp/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pass, virtualTime } from "../ends/virtualTime.ts";
import { clientOptions, credentials, eventsOf, openClient, outcome, serving } from "./serving.ts";

virtualTime();
let printed: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  printed = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => printed.mockRestore());

const ignore = (): void => {};
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const connectionLost = (): TlsError =>
  new TlsError(undefined, "reset", { code: "connection_lost", fault: "transport" });
const handlerError = new TypeError("the handler broke");
const echo = (socket: ServerSocket): void => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
};

describe("messages", () => {
  test("a text arrives as a Buffer with isBinary false, bytes with isBinary true; an echo keeps it", async () => {
    const received: unknown[] = [];
    const { client } = await serving((socket) => {
      socket.on("message", (data, isBinary) => received.push(data, isBinary));
      echo(socket);
    });
    void client.send("hällo");
    void client.send(Uint8Array.of(1, 2));
    await pass(20);
    expect(received).toEqual([Buffer.from("hällo"), false, Buffer.from([1, 2]), true]);
    expect([await client.read(), await client.read()]).toEqual(["hällo", Uint8Array.of(1, 2)]);
  });

  test("with binaryType arraybuffer, a binary message is an ArrayBuffer and a text a Buffer", async () => {
    const received: unknown[] = [];
    const { client } = await serving((socket) => {
      socket.binaryType = "arraybuffer";
      socket.on("message", (data) => received.push(data));
    });
    void client.send("a");
    void client.send(Uint8Array.of(1, 2));
    await pass(20);
    expect(received).toEqual([Buffer.from("a"), Uint8Array.of(1, 2).buffer]);
    expect(received[1]).toBeInstanceOf(ArrayBuffer);
  });

  test("binaryType takes no other value", async () => {
    const { socket } = await serving(ignore);
    expect(() => (socket.binaryType = "fragments" as "nodebuffer")).toThrow("binaryType is neither");
    expect(socket.binaryType).toBe("nodebuffer");
  });

  const bytes = Uint8Array.of(0, 104, 105, 0);
  test.each<[string, (socket: ServerSocket) => void, unknown]>([
    ["a text", (socket) => socket.send("hi"), "hi"],
    ["a text as binary", (socket) => socket.send("hi", { binary: true }), bytes.slice(1, 3)],
    ["a number", (socket) => socket.send(5), "5"],
    ["a Buffer", (socket) => socket.send(Buffer.from("hi")), bytes.slice(1, 3)],
    ["a Buffer as text", (socket) => socket.send(Buffer.from("hi"), { binary: false }), "hi"],
    ["a view", (socket) => socket.send(new DataView(bytes.buffer, 1, 2)), bytes.slice(1, 3)],
    ["an ArrayBuffer", (socket) => socket.send(bytes.buffer), bytes],
  ])("send takes %s", async (_, send, expected) => {
    const { client } = await serving((socket) => send(socket));
    await pass(20);
    expect(await client.read()).toEqual(expected);
  });

  test("send throws for other data, and for a fragment", async () => {
    const { socket } = await serving(ignore);
    expect(() => socket.send({ text: "hi" } as unknown as string)).toThrow("send takes a text");
    expect(() => socket.send("hi", { fin: false as true })).toThrow("a message is sent whole");
  });

  test("send calls back when there is room, and with the error after close", async () => {
    const { socket } = await serving(ignore);
    const calls: unknown[] = [];
    socket.send("a", () => calls.push("a"));
    socket.send("b", {}, () => calls.push("b"));
    await pass(20);
    expect(calls).toEqual(["a", "b"]);
    socket.close();
    socket.send("c", (error) => calls.push((error as { code?: string } | undefined)?.code));
    socket.send("d");
    await pass(20);
    expect(calls).toEqual(["a", "b", "closed_locally"]);
  });

  test("a sender that waits for each callback buffers little while the peer does not read", async () => {
    const { client, socket } = await serving(ignore);
    let sent = 0;
    const sendMore = (): void => {
      sent++;
      socket.send(Buffer.alloc(2 ** 16), (error) => error || sendMore());
    };
    sendMore();
    await pass(5_000);
    const before = sent;
    expect(socket.bufferedAmount).toBeGreaterThan(0);
    expect(before * 2 ** 16).toBeLessThan(2 ** 23);
    await pass(5_000);
    expect(sent).toBe(before);
    const read = async (): Promise<void> => {
      for (let i = 0; i < 40; i++) await client.read();
    };
    void read();
    await pass(1_000);
    expect(sent).toBeGreaterThan(before);
  });

  test("ping calls back and emits pong with its data when the peer has answered", async () => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket);
    socket.ping("one", true, () => events.push("called back"));
    socket.ping(() => events.push("called back again"));
    await pass(20);
    expect(events).toEqual(["pong one", "called back", "pong ", "called back again"]);
    const answered = outcome(client.ping());
    await pass(20);
    expect([events.slice(4), answered()]).toEqual([["ping 1"], undefined]);
  });

  test("ping calls back with the error if the connection ends first", async () => {
    const { pair, socket } = await serving(ignore);
    const codes: unknown[] = [];
    pair.a.pause();
    socket.ping((error) => codes.push((error as { code?: string } | undefined)?.code));
    pair.fail(connectionLost());
    await pass(20);
    expect(codes).toEqual(["connection_lost"]);
  });

  test("many short messages do not keep the event loop busy", async () => {
    let received = 0;
    const { client } = await serving((socket) => {
      socket.on("message", () => received++);
    });
    let turns = 0;
    const count = (): void => {
      turns++;
      if (received < 1_000) setImmediate(count);
    };
    setImmediate(count);
    for (let i = 0; i < 1_000; i++) void client.send("");
    await pass(20);
    while (received < 1_000) await pass(10);
    expect(turns).toBeGreaterThan(20);
  });
});

describe("messages that come early", () => {
  test("wait for a handler that listens only later, and for all listeners that it adds at once", async () => {
    const received: string[] = [];
    const { client } = await serving(async (socket) => {
      await sleep(1_000);
      socket.on("message", (data) => received.push(`first ${String(data)}`));
      socket.on("message", (data) => received.push(`second ${String(data)}`));
    });
    void client.send("a");
    await pass(500);
    expect(received).toEqual([]);
    await pass(600);
    expect(received).toEqual(["first a", "second a"]);
  });

  test("wait for it even if the peer has closed or gone meanwhile", async () => {
    for (const leave of ["close", "fail"] as const) {
      let events: string[] = [];
      const { client, pair } = await serving(async (socket) => {
        await sleep(1_000);
        events = eventsOf(socket);
      });
      void client.send("a");
      await pass(20);
      if (leave === "close") void client.close(4000, "done");
      else pair.fail(connectionLost());
      await pass(500);
      expect(events).toEqual([]);
      await pass(600);
      expect(events).toEqual([
        "text a",
        ...(leave === "close" ? ["close 4000 done"] : ["error connection_lost", "close 1006"]),
      ]);
    }
  });

  test("wait for a listener that is added after the handler has settled", async () => {
    const { client, socket } = await serving(ignore);
    void client.send("a");
    await pass(500);
    const events = eventsOf(socket);
    await pass(20);
    expect(events).toEqual(["text a"]);
  });

  test("are dropped if there is no listener for them when the peer closes", async () => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket, "message");
    void client.send("a");
    await client.close(4000);
    await pass(20);
    expect(events).toEqual(["close 4000"]);
  });

  test("do not hold back `close` from a handler that awaits it without listening to messages", async () => {
    const done = vi.fn();
    const { client, server } = await serving(async (socket) => {
      await once(socket, "close");
      done();
    });
    void client.send("a");
    await pass(20);
    void client.close();
    await pass(20);
    expect(done).toHaveBeenCalledOnce();
    expect(server.connections.size).toBe(0);
  });

  test("do not keep a connection whose handler settles without listeners after the peer has closed", async () => {
    const { client, server } = await serving(() => sleep(1_000));
    void client.send("a");
    void client.close();
    await pass(1_100);
    const closing = outcome(server.close({ grace: 60_000 }));
    await pass(50);
    expect(closing()).toEqual([]);
  });

  test("are dropped after `resume` if there is no listener", async () => {
    const { client, socket } = await serving((one) => one.resume());
    void client.send("a");
    await pass(20);
    const events = eventsOf(socket);
    void client.send("b");
    await pass(20);
    expect(events).toEqual(["text b"]);
  });

  test("stop a client that sends more than the buffers hold", async () => {
    const { client } = await serving(ignore);
    let sent = 0;
    const send = async (): Promise<void> => {
      for (;;) {
        await client.send(new Uint8Array(2 ** 16));
        sent++;
      }
    };
    send().catch(ignore);
    await pass(10_000);
    expect(sent * 2 ** 16).toBeLessThan(2 ** 23);
    client.channel.abort();
    await pass(20);
  });
});

describe("a paused socket", () => {
  test("delivers nothing, not even a message on its way, stops the client, and loses and repeats nothing", async () => {
    const received: number[] = [];
    const { client, socket } = await serving((one) => {
      one.on("message", (data) => {
        received.push((data as Buffer).readUInt32BE());
        if (received.length === 3) one.pause();
      });
    });
    let sent = 0;
    const send = async (): Promise<void> => {
      for (; sent < 200; sent++) {
        const message = Buffer.alloc(2 ** 16);
        message.writeUInt32BE(sent);
        await client.send(message);
      }
    };
    const sending = send();
    await pass(5_000);
    expect([received, socket.isPaused]).toEqual([[0, 1, 2], true]);
    expect(sent).toBeLessThan(150);
    const before = sent;
    await pass(5_000);
    expect(sent).toBe(before);
    socket.resume();
    while (received.length < 200) await pass(10);
    await sending;
    expect([received, socket.isPaused]).toEqual([Array.from({ length: 200 }, (_, i) => i), false]);
  });

  test("that was paused before the first message delivers it after `resume`", async () => {
    const { client, socket } = await serving((one) => one.pause());
    const events = eventsOf(socket);
    void client.send("a");
    await pass(20);
    expect(events).toEqual([]);
    socket.resume();
    await pass(20);
    expect(events).toEqual(["text a"]);
  });

  test("gets `close` after the messages that wait, when it is resumed", async () => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket);
    socket.pause();
    void client.send("a");
    void client.send("b");
    await client.close(4001, "bye");
    await pass(20);
    expect(events).toEqual([]);
    socket.resume();
    await pass(20);
    expect(events).toEqual(["text a", "text b", "close 4001 bye"]);
  });

  test.each(["close", "terminate"] as const)("gets `close` without those messages after %s", async (how) => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket);
    socket.pause();
    void client.send("a");
    void client.send("b");
    await pass(20);
    socket[how]();
    await pass(20);
    expect(events).toEqual([how === "close" ? "close 1005" : "close 1006"]);
  });
});

describe("a socket ends", () => {
  test("when the client closes, with its code and reason, which the client gets back", async () => {
    const { client, socket, onError } = await serving(echo);
    const events = eventsOf(socket, "message");
    expect(await client.close(4002, "bye")).toMatchObject({ code: 4002 });
    await pass(20);
    expect([events, socket.readyState, onError.mock.calls]).toEqual([["close 4002 bye"], socket.CLOSED, []]);
  });

  test("with 1005 if the client's Close has no code", async () => {
    const { client, socket } = await serving(echo);
    const events = eventsOf(socket, "message");
    void client.close();
    await pass(20);
    expect(events).toEqual(["close 1005"]);
  });

  test("when it closes, after everything that was sent, and delivers nothing meanwhile", async () => {
    const { client, socket, onError } = await serving(ignore);
    const events = eventsOf(socket);
    socket.send("last");
    socket.close(4003, Buffer.from("enough"));
    void client.send("too late");
    expect(socket.readyState).toBe(socket.CLOSING);
    await pass(20);
    expect(await client.read()).toBe("last");
    expect(await client.closed).toMatchObject({ code: 4003, reason: "enough" });
    expect([events, onError.mock.calls]).toEqual([["close 4003"], []]);
  });

  test.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1.5])("never with the code %s, which throws", async (code) => {
    const { socket } = await serving(ignore);
    expect(() => socket.close(code)).toThrow("cannot have the code");
    expect(() => socket.close(4000, "ä".repeat(62))).toThrow("123 bytes");
    expect(socket.readyState).toBe(socket.OPEN);
  });

  test("with 1006 and without an error after `terminate`", async () => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket);
    socket.terminate();
    await pass(20);
    expect(events).toEqual(["close 1006"]);
    expect(outcome(client.closed)()).toBe("pending");
    await expect(client.closed).rejects.toMatchObject({ code: "user_canceled" });
  });

  test("with 1006 at once after `terminate`, although its session could wait for the client", async () => {
    const sessions = new MessageSessions();
    let socket: ServerSocket | undefined;
    const server = createWebSocketServer({ credentials, sessions }, (one) => {
      socket = one;
    });
    const pair = memoryPair();
    server.accept(pair.b);
    const opening = connect(pair.a, clientOptions).then((channel) =>
      openSession(channel, { path: "/", protocols: [], session: { id: "A".repeat(22), received: 0 } }, {}),
    );
    await pass(20);
    await opening;
    const events = eventsOf(socket as unknown as ServerSocket);
    (socket as unknown as ServerSocket).terminate();
    await pass(1);
    expect([events, sessions.size]).toEqual([["close 1006"], 0]);
  });

  test.each<[string, (pair: Awaited<ReturnType<typeof serving>>["pair"]) => void, string]>([
    ["is reset", (pair) => pair.fail(connectionLost()), "connection_lost"],
    ["ends without close_notify", (pair) => pair.cut(), "truncated"],
  ])(
    "with an error and 1006 if its transport %s, and the process goes on without a listener",
    async (_, leave, code) => {
      const { client, pair, socket, onError } = await serving(ignore);
      const events = eventsOf(socket);
      leave(pair);
      await pass(20);
      expect(events).toEqual([`error ${code}`, "close 1006"]);
      expect(onError.mock.calls.map(([error]) => (error as { code: string }).code)).toEqual([code]);
      expect(socket.readyState).toBe(socket.CLOSED);
      client.channel.abort();

      const other = await serving(ignore);
      const withoutListener = eventsOf(other.socket, "error");
      leave(other.pair);
      await pass(20);
      expect(withoutListener).toEqual(["close 1006"]);
      expect(other.onError.mock.calls.map(([error]) => (error as { code: string }).code)).toEqual([code]);
    },
  );

  test("with an error if the client ends the channel without a Close", async () => {
    const { client, socket } = await serving(ignore);
    const events = eventsOf(socket);
    void client.channel.close();
    await pass(20);
    expect(events).toEqual(["error no_close", "close 1006"]);
  });

  test("with an error if the client breaks the framing; onError gets it, the console does not", async () => {
    const { client, socket, onError } = await serving(ignore);
    const events = eventsOf(socket);
    void client.channel.write(Uint8Array.of(0xf1, 0));
    await pass(20);
    expect(events).toEqual(["error invalid_frame", "close 1006"]);
    expect(onError.mock.calls.map(([error]) => (error as { code: string }).code)).toEqual(["invalid_frame"]);
    const silent = await serving(ignore, { onError: undefined } as never);
    void silent.client.channel.write(Uint8Array.of(0xf1, 0));
    await pass(20);
    expect(printed).not.toHaveBeenCalled();
  });

  test("with an error if a message is longer than maxMessage", async () => {
    const { client, socket } = await serving(ignore, { maxMessage: 10 });
    const events = eventsOf(socket);
    void client.send("0123456789");
    void client.send("01234567890");
    await pass(20);
    expect(events).toEqual(["text 0123456789", "error message_too_big", "close 1006"]);
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  test("with an error if the client does not answer its Close in time", async () => {
    const { pair, socket, server } = await serving(ignore, { closeTimeout: 2_000 });
    const events = eventsOf(socket);
    pair.a.pause();
    socket.close(1000);
    await pass(1_000);
    expect(events).toEqual([]);
    await pass(10_000);
    expect(events).toEqual([expect.stringMatching(/^error (no_close|close_timeout)$/), "close 1006"]);
    expect(server.connections.size).toBe(0);
  });
});

const failures: readonly (readonly [string, (socket: ServerSocket) => unknown])[] = [
  [
    "a handler that throws",
    () => {
      throw handlerError;
    },
  ],
  ["a handler that rejects", () => Promise.reject(handlerError)],
  ["a handler that rejects later", () => sleep(5).then(() => Promise.reject(handlerError))],
  [
    "a listener that throws",
    (socket) =>
      socket.on("message", () => {
        throw handlerError;
      }),
  ],
  [
    "a listener that rejects",
    // oxlint-disable-next-line typescript/no-misused-promises -- the test is about such a listener
    (socket) => socket.on("message", () => Promise.reject(handlerError)),
  ],
  [
    "a callback that throws",
    (socket) =>
      socket.send("", () => {
        throw handlerError;
      }),
  ],
];

describe("after a failure of the application", () => {
  test.each(failures)("%s closes the socket with 1011, and onError gets the error", async (_, handler) => {
    const { client, server, onError } = await serving(handler);
    void client.send("a");
    await pass(100);
    expect(await client.closed).toMatchObject({ code: 1011, reason: "" });
    expect(onError.mock.calls.map(([error]) => error)).toEqual([handlerError]);
    expect(server.connections.size).toBe(0);
  });

  test("the error goes to the console if there is no onError", async () => {
    const { client } = await serving(() => Promise.reject(handlerError), { onError: undefined } as never);
    await pass(100);
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(printed.mock.calls.flat()).toContain(handlerError);
  });

  test("no further message is delivered", async () => {
    const received: string[] = [];
    const { client } = await serving((socket) => {
      socket.on("message", (data) => {
        received.push(String(data));
        throw handlerError;
      });
    });
    for (const text of ["a", "b", "c"]) void client.send(text);
    await pass(100);
    expect(received).toEqual(["a"]);
  });

  test("a listener of `close` that throws is reported", async () => {
    const { client, onError } = await serving((socket) => {
      socket.on("close", () => {
        throw handlerError;
      });
    });
    void client.close(1000);
    await pass(100);
    expect(onError.mock.calls.map(([error]) => error)).toEqual([handlerError]);
  });

  test("a handler that rethrows the error that ended its connection has not failed", async () => {
    const { pair, onError } = await serving(async (socket) => {
      const [error] = await once(socket, "error");
      throw error;
    });
    pair.fail(connectionLost());
    await pass(100);
    expect(onError.mock.calls.map(([error]) => (error as { code: string }).code)).toEqual(["connection_lost"]);
  });

  test("a handler that rethrows the error of its socket has not failed", async () => {
    const { client, onError } = await serving(async (socket) => {
      socket.resume();
      const [error] = await once(socket, "error");
      throw error;
    });
    void client.channel.close();
    await pass(100);
    expect(onError).not.toHaveBeenCalled();
  });

  test("the other sockets of the server go on", async () => {
    const { server, client } = await serving((socket) => {
      socket.on("message", (data) => {
        if (String(data) === "break") throw handlerError;
        socket.send(data, { binary: false });
      });
    });
    const { client: other } = await openClient(server);
    void client.send("break");
    await pass(100);
    void other.send("still here");
    await pass(20);
    expect(await other.read()).toBe("still here");
  });
});

describe("server.close", () => {
  test("closes each socket with 1001, and resolves when the clients have answered", async () => {
    const { server, client, socket } = await serving(echo);
    const events = eventsOf(socket, "message");
    const closing = outcome(server.close());
    await pass(50);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect([events, closing()]).toEqual([["close 1001"], []]);
  });

  test("waits for a client that does not answer, and for a handler until the grace period ends", async () => {
    const { server, pair, socket } = await serving(echo, { closeTimeout: 60_000 });
    const events = eventsOf(socket, "message");
    pair.a.pause();
    const closing = outcome(server.close({ grace: 2_000 }));
    await pass(1_900);
    expect([closing(), events]).toEqual(["pending", []]);
    await pass(70_000);
    expect(events.at(-1)).toBe("close 1006");
    expect(closing()).toHaveLength(1);
    const other = await serving(() => new Promise(ignore));
    const closingOther = outcome(other.server.close({ grace: 2_000 }));
    await pass(1_900);
    expect(closingOther()).toBe("pending");
    await pass(200);
    expect(closingOther()).toHaveLength(1);
  });

  test("with grace 0 still sends 1001, after what was sent", async () => {
    const { server, client, socket } = await serving(ignore);
    socket.send("last");
    const closing = outcome(server.close({ grace: 0 }));
    await pass(50);
    expect(await client.read()).toBe("last");
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(closing()).not.toBe("pending");
  });

  test("closes a socket whose client opens it meanwhile with 1001, and does not run its handler", async () => {
    let decide: (value: boolean) => void = ignore;
    const handler = vi.fn();
    const { server } = await serving(handler, {
      allow: ({ url }) => url === "/" || new Promise<boolean>((resolve) => (decide = resolve)),
    });
    const opening = openClient(server, { path: "/slow" });
    await pass(20);
    void server.close();
    await pass(20);
    decide(true);
    const { client } = await opening;
    await pass(20);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(server.connections.size).toBe(0);
    expect(handler).toHaveBeenCalledOnce();
  });
});
