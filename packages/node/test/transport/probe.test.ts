/**
 * A paused transport gets an error when its peer resets the connection, although libuv does not watch a paused socket.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { listenTcp, listenWebSocket, type Transport, tcpTransport } from "@handclasp/node";
import { expect, test } from "vitest";
import { WebSocket } from "ws";

const unread = new Uint8Array(300_000);
const ignoreEvents = { data() {}, drain() {}, end() {} };

/** A promise of the first transport that a listener accepts, and the callback for the listener. */
function accepting(): [promise: Promise<Transport>, accept: (transport: Transport) => void] {
  let accept: (transport: Transport) => void = () => {};
  const promise = new Promise<Transport>((resolve) => (accept = resolve));
  return [promise, (transport) => accept(transport)];
}

/**
 * The error of a transport that is paused before any byte arrives. Its peer sends more than the socket reads, and then
 * a RST.
 */
async function errorWhilePaused(transport: Transport, peer: Socket, send: () => void = () => void peer.write(unread)) {
  const error = new Promise((resolve) => transport.start({ ...ignoreEvents, error: resolve }));
  transport.pause();
  send();
  // Both sides are still open.
  await new Promise((resolve) => setTimeout(resolve, 50));
  peer.resetAndDestroy();
  return error;
}

test("over TCP, a server's paused transport gets connection_lost", async () => {
  const [accepted, accept] = accepting();
  const listener = await listenTcp({}, accept);
  const peer = connect({ port: (listener.address() as AddressInfo).port, host: "127.0.0.1" });
  expect(await errorWhilePaused(await accepted, peer)).toMatchObject({ code: "connection_lost" });
  await listener.close();
});

test("over TCP, a client's paused transport gets connection_lost", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = once(server, "connection") as Promise<[Socket]>;
  const transport = tcpTransport(connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }));
  const [peer] = await connection;
  expect(await errorWhilePaused(transport, peer)).toMatchObject({ code: "connection_lost" });
  server.close();
});

test("over a WebSocket, a server's paused transport gets connection_lost", async () => {
  const [accepted, accept] = accepting();
  const listener = await listenWebSocket({}, accept);
  const ws = new WebSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  ws.on("error", () => {});
  await once(ws, "open");
  const { _socket } = ws as unknown as { _socket: Socket };
  expect(await errorWhilePaused(await accepted, _socket, () => ws.send(unread))).toMatchObject({
    code: "connection_lost",
  });
  await listener.close();
});
