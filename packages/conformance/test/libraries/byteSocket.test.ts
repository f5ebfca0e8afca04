/** Sockets of `secureByteSocket` to an unmodified server of node:tls behind a relay. */
import { randomBytes } from "node:crypto";
import type { TLSSocket, TlsOptions } from "node:tls";
import { type SecureWebSocketOptions, secureByteSocket } from "@handclasp/node/websocket";
import { afterEach, expect, test } from "vitest";
import { ca, type Relayed, relayTo } from "./relay.ts";

let relayed: Relayed | undefined;
afterEach(() => relayed?.close());

/** A client of a server, its events, and the bytes that it received. */
async function start(
  options: TlsOptions,
  handler: (socket: TLSSocket) => void,
  { protocols = [], ...own }: { protocols?: string[] } & SecureWebSocketOptions = {},
) {
  relayed = await relayTo(options, handler);
  const ByteSocket = secureByteSocket({ ca: ca.pem, ...own });
  const socket = new ByteSocket(relayed.url, protocols);
  socket.binaryType = "arraybuffer";
  const events: unknown[] = [];
  const received: Buffer[] = [];
  socket.onmessage = ({ data }) => received.push(Buffer.from(data));
  socket.onerror = ({ error }) => events.push(error);
  socket.onclose = ({ code, reason, wasClean }) => events.push([code, reason, wasClean]);
  return { relayed, socket, events, received };
}

const echo = (socket: TLSSocket): unknown => socket.pipe(socket);

test("5 MiB come back intact, and close is clean on both sides", async () => {
  let ends = 0;
  const { relayed, socket, events, received } = await start({}, (server) => {
    echo(server);
    server.on("end", () => ends++);
  });
  await socket.opened;
  expect([socket.protocol, socket.session?.suite]).toEqual(["", expect.stringContaining("TLS_ECDHE_")]);
  const sent = randomBytes(5 * 2 ** 20);
  const mebibyte = 2 ** 20;
  for (let at = 0; at < sent.length; at += mebibyte) socket.send(sent.subarray(at, at + mebibyte));
  expect(socket.bufferedAmount).toBe(sent.length);
  await expect.poll(() => received.reduce((sum, { length }) => sum + length, 0)).toBe(sent.length);
  expect(Buffer.concat(received).equals(sent)).toBe(true);
  await expect.poll(() => socket.bufferedAmount).toBe(0);
  socket.close(3001, "the server never learns this");
  await expect.poll(() => events).toEqual([[1000, "", true]]);
  expect(ends).toBe(1);
  expect(await socket.closed).toMatchObject({ code: 1000, reason: "" });
  // The URL is that of the relay.
  expect(relayed.upgrades).toEqual([["/relay?to=server", undefined]]);
});

test("a text is sent as UTF-8, and a piece is received as a Blob by default", async () => {
  const { socket } = await start({}, echo);
  socket.binaryType = "blob";
  const pieces: unknown[] = [];
  socket.onmessage = ({ data }) => pieces.push(data);
  await socket.opened;
  socket.send("grüße");
  await expect.poll(() => pieces.length).toBe(1);
  expect(pieces[0]).toBeInstanceOf(Blob);
  expect(await (pieces[0] as Blob).text()).toBe("grüße");
});

test("what a relay does not take stays in bufferedAmount", async () => {
  let got = 0;
  const { relayed, socket } = await start({}, (server) => void server.on("data", ({ length }) => (got += length)));
  await socket.opened;
  await expect.poll(() => relayed.pairs.length).toBe(1);
  // The relay stops reading, and the socket sends more than TCP can hold.
  const { webSocket, tcp } = relayed.pairs[0] as Relayed["pairs"][number];
  webSocket.pause();
  const piece = new Uint8Array(2 ** 20);
  for (let i = 0; i < 32; i++) socket.send(piece);
  let before = -1;
  await expect
    .poll(
      () => {
        const isSame = socket.bufferedAmount === before;
        before = socket.bufferedAmount;
        return isSame;
      },
      { interval: 300 },
    )
    .toBe(true);
  expect(socket.bufferedAmount).toBeGreaterThan(8 * 2 ** 20);
  expect(tcp.writableLength).toBeLessThan(2 ** 21);
  webSocket.resume();
  await expect.poll(() => got).toBe(32 * 2 ** 20);
  await expect.poll(() => socket.bufferedAmount).toBe(0);
});

test("protocols are those of ALPN", async () => {
  const { relayed, socket } = await start({ ALPNProtocols: ["mqtt"] }, echo, { protocols: ["amqp", "mqtt"] });
  await socket.opened;
  expect(socket.protocol).toBe("mqtt");
  expect(relayed.upgrades).toEqual([["/relay?to=server", undefined]]);
});

test("a server without ALPN selects no protocol", async () => {
  const { socket } = await start({}, echo, { protocols: ["mqtt"] });
  await socket.opened;
  expect(socket.protocol).toBe("");
});

test("a server that lacks the protocols refuses", async () => {
  const { socket, events } = await start({ ALPNProtocols: ["http/1.1"] }, echo, { protocols: ["mqtt"] });
  await expect(socket.opened).rejects.toMatchObject({ code: "no_application_protocol", by: "peer" });
  expect(events).toEqual([expect.objectContaining({ code: "no_application_protocol" }), [1006, "", false]]);
});

test("the server's end is a clean close with 1000, after all its bytes", async () => {
  const last = randomBytes(300_000);
  const { socket, events, received } = await start({}, (server) => server.end(last));
  await expect.poll(() => events).toEqual([[1000, "", true]]);
  expect(Buffer.concat(received).equals(last)).toBe(true);
  expect(await socket.closed).toMatchObject({ code: 1000 });
  expect(socket.readyState).toBe(socket.CLOSED);
});

test("the server may leave without waiting for our close_notify", async () => {
  const { relayed, socket, events, received } = await start({}, (server) => server.end("bye"));
  // The relay goes as soon as the server has ended, without a closing handshake of the WebSocket.
  await expect.poll(() => relayed.pairs.length).toBe(1);
  const { tcp, webSocket } = relayed.pairs[0] as Relayed["pairs"][number];
  tcp.on("end", () => setImmediate(() => webSocket.terminate()));
  await expect.poll(() => events).toEqual([[1000, "", true]]);
  expect(Buffer.concat(received).toString()).toBe("bye");
  expect(await socket.closed).toEqual({ code: 1000, reason: "", droppedBytes: 0 });
});

test("a cut is 1006, without an error event, and closed rejects", async () => {
  const { relayed, socket, events } = await start({}, echo);
  await socket.opened;
  socket.send("now the wire is cut");
  relayed.pairs[0]?.webSocket.terminate();
  await expect.poll(() => events).toEqual([[1006, "", false]]);
  await expect(socket.closed).rejects.toMatchObject({ code: "connection_lost" });
});

test("an end of TCP without close_notify is 1006 too", async () => {
  const { relayed, socket, events } = await start({}, echo);
  await socket.opened;
  relayed.pairs[0]?.webSocket.close(1000);
  await expect.poll(() => events).toEqual([[1006, "", false]]);
  await expect(socket.closed).rejects.toMatchObject({ code: "truncated" });
});

test("the name in the URL, or serverName, authenticates the server, and not that of the carrier", async () => {
  const { relayed, socket, events } = await start({}, echo, { serverName: "elsewhere.test" });
  await expect(socket.opened).rejects.toMatchObject({ code: "name_mismatch" });
  expect(events).toEqual([expect.objectContaining({ code: "name_mismatch" }), [1006, "", false]]);
  const Carried = secureByteSocket({ ca: ca.pem, carrier: relayed.url });
  await expect(new Carried("wss://elsewhere.test/").opened).rejects.toMatchObject({ code: "name_mismatch" });
  const named = new Carried("wss://localhost/not/seen", { serverName: "localhost" });
  expect((await named.opened).serverName).toBe("localhost");
  expect(relayed.upgrades.map(([path]) => path)).toEqual(Array(3).fill("/relay?to=server"));
  named.close();
});
