/**
 * A connection ends when its transport has ended, whichever side closes first and whatever the handler does. These
 * tests use real sockets.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { tcpTransport, webSocketTransport } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  type Clock,
  closingSides,
  handlers,
  type PeerEnding,
  peerEndings,
  type Role,
  roles,
  runCase,
  type TransportPair,
  unhandledRejections,
} from "./ends/matrix.ts";

/** The most that a test waits for a condition, in ms. Only a hang takes so long: ends.test.ts checks durations. */
const maxWait = 20_000;

const real: Clock = {
  awaitSoon: (promise) => promise,
  async waitUntil(condition) {
    const last = Date.now() + maxWait;
    while (!condition() && Date.now() < last) await new Promise((resolve) => setTimeout(resolve, 10));
    return condition();
  },
};

const address = { port: 0, host: "127.0.0.1", allowHalfOpen: true };
const tcpServer = createServer({ allowHalfOpen: true }).listen(address.port, address.host);
await once(tcpServer, "listening");
const webSocketServer = new WebSocketServer({ port: 0, host: address.host, perMessageDeflate: false });
await once(webSocketServer, "listening");
const sockets = new Set<Socket>();
tcpServer.on("connection", (socket) => sockets.add(socket));
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  tcpServer.close();
  for (const ws of webSocketServer.clients) ws.terminate();
  webSocketServer.close();
});

/** The tested side's socket and the peer's. A server's socket is the accepted one. */
const ours = <T>(role: Role, accepted: T, connected: T): [tested: T, peer: T] =>
  role === "server" ? [accepted, connected] : [connected, accepted];

const transportPairs: Readonly<Record<string, (role: Role) => Promise<TransportPair>>> = {
  async TCP(role) {
    const accepting = once(tcpServer, "connection") as Promise<[Socket]>;
    const connected = connectSocket({ ...address, port: (tcpServer.address() as AddressInfo).port });
    sockets.add(connected);
    const [accepted] = await accepting;
    const [tested, peer] = ours(role, accepted, connected);
    return toPair(tcpTransport(tested), tcpTransport(peer), (peerEnding) =>
      peerEnding === "ends" ? peer.end() : peer.destroy(),
    );
  },
  async WebSocket(role) {
    const accepting = once(webSocketServer, "connection") as Promise<[WebSocket]>;
    const { port } = webSocketServer.address() as AddressInfo;
    const connected = new WebSocket(`ws://${address.host}:${port}/`, { perMessageDeflate: false });
    const [[accepted]] = await Promise.all([accepting, once(connected, "open")]);
    const [tested, peer] = ours(role, accepted, connected);
    const leave = (peerEnding: PeerEnding): void => (peerEnding === "ends" ? peer.close(1000) : peer.terminate());
    return toPair(webSocketTransport(tested), webSocketTransport(peer), leave);
  },
};

const toPair = (tested: Transport, peer: Transport, leave: TransportPair["leave"]): TransportPair => ({
  tested,
  peer,
  leave,
});

const settled = expect.not.stringMatching(/^pending$/);

describe.each(Object.entries(transportPairs))("over %s", (_, makePair) => {
  const cases = roles.flatMap((role) =>
    closingSides.flatMap((closesFirst) => peerEndings.map((peerEnding) => ({ role, closesFirst, peerEnding }))),
  );
  test.each(cases)(
    "a $role: a connection that $closesFirst closes first, and whose peer then $peerEnding, ends with any handler",
    async ({ role, closesFirst, peerEnding }) => {
      const unhandled = unhandledRejections();
      const ends: Record<string, unknown> = {};
      const expected: Record<string, unknown> = {};
      try {
        // The connections are made one after another, because accepted sockets are matched by their order.
        const running = [];
        for (const handler of Object.keys(handlers)) {
          const pair = await makePair(role);
          expected[handler] = { connections: 0, testedClosed: settled, peerClosed: settled, missing: 0 };
          running.push(
            runCase(pair, real, { role, closesFirst, peerEnding, handler }).then((end) => {
              ends[handler] = end;
            }),
          );
        }
        await Promise.all(running);
      } finally {
        await unhandled.stop();
      }
      expect(ends).toMatchObject(expected);
      expect(unhandled.reasons, "unhandled rejections").toEqual([]);
    },
  );
});
