/** Credit of a server's WebSocket, with a raw client in the place of a page (ADR 14). */
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const mebibyte = 2 ** 20;
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000 });
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server's transport, and the raw client that it serves. */
async function openPair() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, maxPayload: mebibyte });
  await new Promise((resolve) => server.on("listening", resolve));
  const accepted = new Promise<WebSocket>((resolve) => server.on("connection", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  cleanups.push(() => client.terminate());
  cleanups.push(() => server.close());
  const texts: string[] = [];
  const lengths: number[] = [];
  client.on("message", (data: Buffer, isBinary) => {
    if (isBinary) lengths.push(data.length);
    else texts.push(data.toString());
  });
  const events = { data: vi.fn(), drain: vi.fn(), end: vi.fn(), error: vi.fn() };
  const ws = await accepted;
  const transport = webSocketTransport(ws);
  transport.start(events);
  transport.established?.();
  await new Promise((resolve) => (client.readyState === client.OPEN ? resolve(0) : client.on("open", resolve)));
  /** Waits until the server has answered a ping, and so has processed everything that was sent before. */
  const roundTrip = async (): Promise<void> => {
    const pong = new Promise((resolve) => client.once("pong", resolve));
    client.ping();
    await pong;
  };
  const sum = () => lengths.reduce((total, length) => total + length, 0);
  const receivedBytes = () => events.data.mock.calls.reduce((total, [bytes]) => total + bytes.length, 0);
  return { client, ws, transport, events, texts, lengths, roundTrip, sum, receivedBytes };
}

async function openWithCredit(total: number) {
  const pair = await openPair();
  pair.client.send(new Uint8Array(0));
  pair.client.send(String(total));
  await eventually(() => expect(pair.texts.length).toBe(1));
  return pair;
}

describe("a server's WebSocket", () => {
  test.each([0, 1])(
    "that is paused does not keep a flood of messages of %d bytes, although they fit into the credit",
    async (length) => {
      const { client, ws, transport, events } = await openWithCredit(1_000_000);
      transport.pause();
      for (let i = 0; i < 20_000; i++) client.send(new Uint8Array(length));
      await eventually(() => expect(ws.isPaused).toBe(true));
      transport.resume();
      // The announcement is the first message.
      await eventually(() => expect(events.data).toHaveBeenCalledTimes(20_001));
    },
  );

  test("answers an announcement with an empty message, and a first credit with its own", async () => {
    const { client, texts, lengths, roundTrip } = await openPair();
    client.send(new Uint8Array(0));
    await roundTrip();
    expect([lengths, texts]).toEqual([[0], []]);
    client.send("1000000");
    await eventually(() => expect(texts).toEqual([String(mebibyte)]));
  });

  test("sends no more than the client's credit, and drains when the client gives more", async () => {
    const { client, transport, events, roundTrip, sum } = await openWithCredit(mebibyte);
    const results = Array.from({ length: 6 }, () => transport.send(new Uint8Array(mebibyte / 2)));
    expect(results.slice(-1)).toEqual(["full"]);
    await eventually(() => expect(sum()).toBe(mebibyte));
    await roundTrip();
    expect([sum(), events.drain.mock.calls.length]).toEqual([mebibyte, 0]);
    client.send(String(4 * mebibyte));
    await eventually(() => expect(sum()).toBe(3 * mebibyte));
    expect(events.drain).toHaveBeenCalledTimes(1);
  });

  test("without an announcement, is not limited and refuses text", async () => {
    const { client, transport, events, sum } = await openPair();
    client.send(Uint8Array.of(1));
    for (let i = 0; i < 6; i++) transport.send(new Uint8Array(mebibyte / 2));
    await eventually(() => expect(sum()).toBe(3 * mebibyte));
    client.send("1000000");
    await eventually(() =>
      expect(events.error).toHaveBeenCalledWith(expect.objectContaining({ code: "text_message" })),
    );
  });

  test("that is paused reads on as far as it gave credit, so that it sees the client's credit", async () => {
    const { client, transport, events, receivedBytes, sum } = await openWithCredit(mebibyte);
    transport.pause();
    for (let i = 0; i < 4; i++) client.send(new Uint8Array(mebibyte / 2));
    for (let i = 0; i < 6; i++) transport.send(new Uint8Array(mebibyte / 2));
    // This credit comes after 2 MiB that the server's application does not read.
    client.send(String(4 * mebibyte));
    await eventually(() => expect(sum()).toBe(3 * mebibyte));
    expect(receivedBytes()).toBe(0);
    transport.resume();
    await eventually(() => expect(receivedBytes()).toBe(2 * mebibyte));
    expect(events.error).not.toHaveBeenCalled();
  });

  test("that is paused stops reading from a client that exceeds its credit", async () => {
    const { client, transport } = await openWithCredit(mebibyte);
    transport.pause();
    for (let i = 0; i < 64; i++) client.send(new Uint8Array(mebibyte));
    let pongs = 0;
    client.on("pong", () => pongs++);
    client.ping();
    await eventually(() => expect(client.bufferedAmount).toBeGreaterThan(mebibyte));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([client.bufferedAmount > mebibyte, pongs]).toEqual([true, 0]);
  });

  test("that has ended sends everything as the client gives credit, then closes in order", async () => {
    const { client, transport, sum } = await openWithCredit(mebibyte);
    const closed = new Promise((resolve) => client.on("close", resolve));
    for (let i = 0; i < 6; i++) transport.send(new Uint8Array(mebibyte / 2));
    transport.end();
    await eventually(() => expect(sum()).toBe(mebibyte));
    client.send(String(4 * mebibyte));
    expect(await closed).toBe(1000);
    expect(sum()).toBe(3 * mebibyte);
  });

  test("that is aborted sends everything at once, an alert included, then closes as failed", async () => {
    const { client, transport, sum } = await openWithCredit(mebibyte);
    const closed = new Promise((resolve) => client.on("close", resolve));
    for (let i = 0; i < 6; i++) transport.send(new Uint8Array(mebibyte / 2));
    transport.abort("bad_record_mac");
    expect(await closed).toBe(4000);
    expect(sum()).toBe(3 * mebibyte);
  });
});
