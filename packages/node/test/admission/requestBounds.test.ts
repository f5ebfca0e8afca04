/** The sockets of a listener with a port of its own, until they ask for a WebSocket. */
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { createServer, listenWebSocket, nodeCredential } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { requestTimeout } from "../../src/admission/limits.ts";

const credentials = nodeCredential(await (await testCa()).issue());

const upgradeRequest =
  "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

async function listening(): Promise<number> {
  const server = createServer({ credentials, onError: () => {} }, (channel) => channel.close());
  const listener = await server.listenWebSocket();
  onTestFinished(async () => void (await server.close({ grace: 0 })));
  return (listener.address() as AddressInfo).port;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** The kernel queues connections in order, so the server has accepted all earlier ones when it answers this one. */
async function acceptedAll(port: number): Promise<void> {
  const socket = await connected(port);
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await text(socket);
}

test.each(["/", "/else"])("a request for %s that asks for no WebSocket gets an answer and the end", async (path) => {
  const socket = await connected(await listening());
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(2));
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 4(26|04) /);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(answer.match(/HTTP\//g)).toHaveLength(1);
});

test("a socket has one time limit until it asks for a WebSocket, and none afterwards", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const listener = await listenWebSocket({}, () => {});
  onTestFinished(() => listener.close(0));
  const { port } = listener.address() as AddressInfo;
  const [open, silent, late] = await Promise.all(Array.from({ length: 3 }, () => connected(port)));
  open?.write(upgradeRequest);
  expect(String((await once(open as Socket, "data"))[0])).toMatch(/^HTTP\/1\.1 101 /);
  const ended = [silent, late].map((socket) => once(socket as Socket, "close"));
  await acceptedAll(port);
  vi.advanceTimersByTime(requestTimeout - 1);
  // The time limits of node:http begin anew with the first byte of a request.
  late?.write(upgradeRequest.slice(0, 20));
  await acceptedAll(port);
  expect([silent?.closed, late?.closed]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  await Promise.all(ended);
  await acceptedAll(port);
  expect(open?.closed).toBe(false);
});
