/**
 * Message connections between two ends of ours: messages stay whole and in order, both closes are seen, and nothing
 * that is cut looks complete.
 */
import { describe, expect, test } from "vitest";
import { Outbox } from "../../src/messages/outbox.ts";
import { messagePair } from "./pair.ts";
import { closeFrame, frame, framesIn, join, rawClient, readAll } from "./raw.ts";

/** Fails without a comparison of each element, which would take seconds for megabytes. */
const expectBytes = (received: unknown, expected: Uint8Array): void =>
  expect(received instanceof Uint8Array && Buffer.compare(received, expected) === 0).toBe(true);

const text = (length: number): string => "x€𝄞".repeat(Math.ceil(length / 3)).slice(0, length - (length % 4));

describe("messages", () => {
  test.each([0, 1, 41, 42, 125, 126, 127, 21_840, 21_844, 65_526, 65_527, 200_000, 1_000_000])(
    "a text and bytes of length %d arrive whole and in order",
    async (length) => {
      const { client, server } = await messagePair();
      const bytes = new Uint8Array(length).map((_, i) => i * 7);
      for (const message of [text(length), bytes, "end"]) void client.send(message);
      expect((await server.read()) === text(length)).toBe(true);
      expectBytes(await server.read(), bytes);
      expect(await server.read()).toBe("end");
    },
  );

  test("bytes may change after `send`", async () => {
    const { client, server } = await messagePair();
    const bytes = new Uint8Array(200_000).fill(1);
    void client.send(bytes);
    bytes.fill(2);
    expectBytes(await server.read(), new Uint8Array(200_000).fill(1));
  });

  test("a writer that awaits waits for a peer that does not read, and goes on when it reads", async () => {
    const { client, server } = await messagePair();
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < 60; i++) {
        await client.send(new Uint8Array(100_000));
        sent++;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBeLessThan(40);
    for (let i = 0; i < 60; i++) expect(await server.read()).toHaveLength(100_000);
    await sending;
    expect(sent).toBe(60);
  });
});

describe("the end", () => {
  test("both sides see the code and the reason of `close`, after all messages before it", async () => {
    const { client, server } = await messagePair();
    for (let i = 0; i < 1000; i++) void client.send(`${i}`);
    const closed = client.close(4001, "café");
    const received: unknown[] = [];
    for await (const message of server) received.push(message);
    expect(received).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
    expect(await server.closed).toEqual({ code: 4001, reason: "café", droppedBytes: 0 });
    expect(await closed).toEqual({ code: 4001, reason: "", droppedBytes: 0 });
    await expect(server.channel.closed).resolves.toBeUndefined();
    await expect(client.channel.closed).resolves.toBeUndefined();
  });

  test("a read after `close` rejects, and a later message is dropped", async () => {
    const { client, server } = await messagePair();
    await client.send("dropped");
    void server.close(1000);
    await expect(server.read()).rejects.toMatchObject({ code: "closed_locally" });
    await expect(server.closed).resolves.toMatchObject({ code: 1000 });
    await expect(client.read()).resolves.toBeUndefined();
  });
});

describe("the opening", () => {
  test("the path and protocols travel inside, and the server's preference decides", async () => {
    const { client, server } = await messagePair(
      { path: "/a?b=%20", protocols: ["one", "two"] },
      { protocols: ["two", "one"], allow: ({ path }) => path === "/a?b=%20" },
    );
    expect([client.protocol, server.protocol]).toEqual(["two", "two"]);
  });
});

describe("pings", () => {
  test("are answered, and overtake the messages that wait", async () => {
    const { client, server } = await messagePair();
    await client.ping();
    for (let i = 0; i < 100; i++) void client.send(new Uint8Array(60_000));
    let read = 0;
    const readAt: number[] = [];
    const pings = [client, server].map((side) => side.ping().then(() => readAt.push(read)));
    for (; read < 100; read++) await server.read();
    await Promise.all(pings);
    expect(Math.max(...readAt)).toBeLessThan(60);
  });

  test("are at most 64 without an answer", async () => {
    const { client } = await messagePair();
    const pings = Array.from({ length: 64 }, () => client.ping());
    await expect(client.ping()).rejects.toMatchObject({ code: "usage" });
    await Promise.all(pings);
    await client.ping();
  });

  test("are answered by a pong to a later one, and by no other pong", async () => {
    const { messages, raw } = await rawClient();
    const settled: number[] = [];
    const pings = [1, 2, 3].map((id) => messages.ping().then(() => settled.push(id)));
    const received = framesIn((await raw.read()) as Uint8Array);
    void raw.write(join(frame(0x8a, "unknown"), frame(0x8a), frame(0x8a, received[1]?.slice(3))));
    await Promise.all(pings.slice(0, 2));
    expect(settled).toEqual([1, 2]);
    readAll(raw).catch(() => {});
    void raw.write(closeFrame(1000));
    await expect(pings[2]).rejects.toMatchObject({ code: "closed" });
  });
});

describe("usage", () => {
  test("a message is a text or bytes", async () => {
    const { client } = await messagePair();
    for (const wrong of [undefined, null, 1, {}, [1], new ArrayBuffer(1), new Uint16Array(1)])
      await expect(client.send(wrong as never)).rejects.toMatchObject({ code: "usage" });
  });

  test("only one read may be pending", async () => {
    const { client, server } = await messagePair();
    const first = client.read();
    await expect(client.read()).rejects.toMatchObject({ code: "usage" });
    void server.send("one");
    expect(await first).toBe("one");
  });

  test("a writer of empty messages waits too, for a channel that takes nothing", async () => {
    const outbox = new Outbox(
      { write: () => new Promise(() => {}) },
      () => {},
      () => {},
    );
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1_000_000; sent++) await outbox.addMessage("");
    })();
    await new Promise((resolve) => setTimeout(resolve, 0));
    while (sent > 0 && sent < 1_000_000) {
      const before = sent;
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (sent === before) break;
    }
    expect(sent).toBeGreaterThan(1000);
    expect(sent).toBeLessThan(100_000);
    void sending;
  });
});
