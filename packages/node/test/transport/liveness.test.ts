/** How both sides notice a peer that is gone, and what their answers to its pings cost. */
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connectTcp, connectWebSocket, listenTcp, listenWebSocket, type Transport } from "@handclasp/node";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";

const portOf = (listener: { address(): AddressInfo | string | null }): number =>
  (listener.address() as AddressInfo).port;

/** The events of a transport. */
function eventsOf(transport: Transport) {
  const events = { data: vi.fn(), drain: vi.fn(), end: vi.fn(), error: vi.fn<(error: Error) => void>() };
  transport.start(events);
  return events;
}

/** A raw WebSocket to the port. */
async function rawWebSocket(port: number): Promise<Duplex> {
  const outgoing = request({
    port,
    host: "127.0.0.1",
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16, 7).toString("base64"),
    },
  }).end();
  const [, socket] = (await once(outgoing, "upgrade")) as [unknown, Duplex];
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** A masked ping with four bytes. The mask is zero. */
const ping = (id: number): Buffer => {
  const frame = Buffer.from([0x89, 0x84, 0, 0, 0, 0, 0, 0, 0, 0]);
  frame.writeUInt32BE(id, 6);
  return frame;
};

test("a flood of pings gets a few pongs, the last of them for the last ping", async () => {
  const listener = await listenWebSocket({ heartbeat: false }, (transport) => void eventsOf(transport));
  onTestFinished(() => listener.close(0));
  const socket = await rawWebSocket(portOf(listener));
  const count = 5_000;
  let received = Buffer.alloc(0);
  const last = Buffer.from([0x8a, 4, 0, 0, 0, 0]);
  last.writeUInt32BE(count - 1, 2);
  const done = new Promise<void>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.includes(last)) resolve();
    });
  });
  socket.write(Buffer.concat(Array.from({ length: count }, (_, id) => ping(id))));
  await done;
  // One for each turn of the event loop, of which each reads up to 64 KiB.
  expect(received.length / last.length).toBeLessThan(100);
});

describe("a client's heartbeat", () => {
  const serving = async (autoPong: boolean) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong });
    onTestFinished(() => server.close());
    onTestFinished(() => {
      for (const ws of server.clients) ws.terminate();
    });
    await once(server, "listening");
    const pinged = new Promise<void>((resolve) =>
      server.on("connection", (ws) => {
        let pings = 0;
        ws.on("ping", () => ++pings === 3 && resolve());
      }),
    );
    return { url: `ws://127.0.0.1:${portOf(server)}/`, pinged };
  };

  test("ends the connection if the server does not answer", async () => {
    const { url } = await serving(false);
    const events = eventsOf(await connectWebSocket(url, { heartbeat: { interval: 10, timeout: 50 } }));
    await vi.waitFor(() => expect(events.error).toHaveBeenCalled(), 60_000);
    expect(events.error.mock.calls).toEqual([[expect.objectContaining({ code: "peer_unresponsive" })]]);
  });

  test("leaves it open if the server answers, and is off by default", async () => {
    const { url, pinged } = await serving(true);
    const transport = await connectWebSocket(url, { heartbeat: { interval: 10, timeout: 60_000 } });
    const events = eventsOf(transport);
    await pinged;
    expect(events.error).not.toHaveBeenCalled();
    transport.end();
    const quiet = await serving(false);
    const other = await connectWebSocket(quiet.url);
    eventsOf(other);
    const sawPing = await Promise.race([
      quiet.pinged.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 200, false)),
    ]);
    expect(sawPing).toBe(false);
    other.end();
  });
});

describe("TCP keepalive", () => {
  test.each([
    [undefined, [true, 60_000]],
    [5_000, [true, 5_000]],
    [false, [false, 0]],
  ] as const)("keepAlive %s sets %j on both sides, over TCP and over WebSockets", async (keepAlive, expected) => {
    const set = vi.spyOn(Socket.prototype, "setKeepAlive");
    onTestFinished(() => set.mockRestore());
    const option = keepAlive === undefined ? {} : { keepAlive };
    const ofServer = vi.fn<(transport: Transport) => void>((transport) => void eventsOf(transport));
    const tcp = await listenTcp(option, ofServer);
    const ws = await listenWebSocket(option, ofServer);
    onTestFinished(() => tcp.close(0));
    onTestFinished(() => ws.close(0));
    const clients = [
      connectTcp({ host: "127.0.0.1", port: portOf(tcp), ...option }),
      await connectWebSocket(`ws://127.0.0.1:${portOf(ws)}/`, option),
    ];
    for (const client of clients) eventsOf(client);
    await vi.waitFor(() => expect(ofServer).toHaveBeenCalledTimes(2), 60_000);
    await vi.waitFor(() => expect(clients[1]?.socket).toBeInstanceOf(Socket), 60_000);
    const sockets = [...clients, ...ofServer.mock.calls.map(([transport]) => transport)].map(({ socket }) => socket);
    const lastOf = (socket: unknown) =>
      set.mock.calls.filter((_, i) => set.mock.contexts[i] === socket).at(-1) as unknown;
    expect(sockets.map(lastOf)).toEqual([expected, expected, expected, expected]);
    for (const client of clients) client.abort("");
  });
});

test.each([[true], [0], [60], ["60s"], [null]])("keepAlive %j is an error", async (keepAlive) => {
  const refusal = expect.objectContaining({ code: "configuration" }) as Error;
  const option = { keepAlive } as { keepAlive: number };
  await expect(listenTcp(option, () => {})).rejects.toEqual(refusal);
  await expect(listenWebSocket(option, () => {})).rejects.toEqual(refusal);
  await expect(connectWebSocket("ws://127.0.0.1:1/", option)).rejects.toEqual(refusal);
  expect(() => connectTcp({ host: "127.0.0.1", port: 1, ...option })).toThrow(refusal);
});
