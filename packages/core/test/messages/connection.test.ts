/**
 * Message connections between two ends of ours: messages stay whole and in order, both closes are seen, and nothing
 * that is cut looks complete.
 */
import { describe, expect, test } from "vitest";
import { channels, messagePair } from "./pair.ts";

const text = (length: number): string => "x€𝄞".repeat(Math.ceil(length / 3)).slice(0, length - (length % 4));

describe("messages", () => {
  test.each([0, 1, 41, 42, 125, 126, 127, 21_840, 21_844, 65_526, 65_527, 200_000, 3_000_000])(
    "a text and bytes of length %d arrive whole and in order",
    async (length) => {
      const { client, server } = await messagePair();
      const bytes = new Uint8Array(length).map((_, i) => i * 7);
      for (const message of [text(length), bytes, "end"]) void client.send(message);
      expect(await server.read()).toBe(text(length));
      expect(await server.read()).toEqual(bytes);
      expect(await server.read()).toBe("end");
    },
  );

  test("bytes may change after `send`", async () => {
    const { client, server } = await messagePair();
    const bytes = new Uint8Array(200_000).fill(1);
    void client.send(bytes);
    bytes.fill(2);
    expect(await server.read()).toEqual(new Uint8Array(200_000).fill(1));
  });

  test("a writer that awaits waits for a peer that does not read, and goes on when it reads", async () => {
    const { client, server } = await messagePair();
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < 200; i++) {
        await client.send(new Uint8Array(100_000));
        sent++;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(100);
    for (let i = 0; i < 200; i++) expect(await server.read()).toHaveLength(100_000);
    await sending;
    expect(sent).toBe(200);
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

  test("a channel that ends without a Close is `no_close`, also for a pending read", async () => {
    const { client, server } = await messagePair();
    const reading = server.read();
    void client.channel.close();
    await expect(reading).rejects.toMatchObject({ code: "no_close" });
    await expect(server.closed).rejects.toMatchObject({ code: "no_close" });
    await expect(server.send("late")).rejects.toBeDefined();
  });

  test("a close settles although the peer never reads", async () => {
    const { client } = await messagePair({ closeTimeout: 20 });
    for (let i = 0; i < 300; i++) void client.send(new Uint8Array(100_000));
    await expect(client.close()).rejects.toBeDefined();
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

  test("a client that asks only for other protocols is refused on both sides", async () => {
    const opening = messagePair({ protocols: ["one"] }, { protocols: ["two"] });
    await expect(opening).rejects.toMatchObject({ code: "open_refused" });
  });

  test("a channel without our ALPN protocol carries no messages", async () => {
    const { client } = await channels([]);
    const { openMessages } = await import("@handclasp/core/messages");
    await expect(openMessages(client)).rejects.toMatchObject({ code: "no_application_protocol" });
  });

  test("pings are answered", async () => {
    const { client, server } = await messagePair();
    await client.ping();
    await server.ping();
  });
});
