/**
 * A connection ends once its transport has ended, whichever side goes first and whatever the handler does. Over real
 * sockets.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { tcpTransport, webSocketTransport } from "@handclasp/node";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  type Carrier,
  type Clock,
  firsts,
  handlers,
  type Leaving,
  leaving,
  leavings,
  type Role,
  roles,
  unhandledRejections,
} from "./ends/matrix.ts";

/** Only a hang ends a wait: how long anything takes is the virtual clock's to judge. */
const patience = 20_000;

const real: Clock = {
  settle: (promise) => promise,
  async until(holds) {
    const last = Date.now() + patience;
    while (!holds() && Date.now() < last) await new Promise((resolve) => setTimeout(resolve, 10));
    return holds();
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

/** Which of two ends is ours; a server's is the accepted one. */
const ours = <T>(role: Role, accepted: T, connected: T): [own: T, peer: T] =>
  role === "server" ? [accepted, connected] : [connected, accepted];

const carriers: Readonly<Record<string, (role: Role) => Promise<Carrier>>> = {
  async TCP(role) {
    const accepting = once(tcpServer, "connection") as Promise<[Socket]>;
    const connected = connectSocket({ ...address, port: (tcpServer.address() as AddressInfo).port });
    sockets.add(connected);
    const [accepted] = await accepting;
    const [own, peer] = ours(role, accepted, connected);
    return joined(tcpTransport(own), tcpTransport(peer), (how) => (how === "ends" ? peer.end() : peer.destroy()));
  },
  async WebSocket(role) {
    const accepting = once(webSocketServer, "connection") as Promise<[WebSocket]>;
    const { port } = webSocketServer.address() as AddressInfo;
    const connected = new WebSocket(`ws://${address.host}:${port}/`, { perMessageDeflate: false });
    const [[accepted]] = await Promise.all([accepting, once(connected, "open")]);
    const [own, peer] = ours(role, accepted, connected);
    const leave = (how: Leaving): void => (how === "ends" ? peer.close(1000) : peer.terminate());
    return joined(webSocketTransport(own), webSocketTransport(peer), leave);
  },
};

const joined = (own: Transport, peer: Transport, leave: Carrier["leave"]): Carrier => ({ own, peer, leave });

const settled = expect.not.stringMatching(/^pending$/);

describe.each(Object.entries(carriers))("over %s", (_, carrier) => {
  const cases = roles.flatMap((role) => firsts.flatMap((first) => leavings.map((how) => ({ role, first, how }))));
  test.each(cases)(
    "a $role is done with a connection that $first closes first and whose peer then $how, whatever its handler does",
    async ({ role, first, how }) => {
      const unhandled = unhandledRejections();
      const ends: Record<string, unknown> = {};
      const wanted: Record<string, unknown> = {};
      try {
        // One after the other meets the other: a socket is told from the next by the order of connecting.
        const running = [];
        for (const handler of Object.keys(handlers)) {
          const joinedEnds = await carrier(role);
          wanted[handler] = { connections: 0, ownClosed: settled, peerClosed: settled, missing: 0 };
          running.push(
            leaving(joinedEnds, real, { role, first, how, handler }).then((end) => {
              ends[handler] = end;
            }),
          );
        }
        await Promise.all(running);
      } finally {
        await unhandled.stop();
      }
      expect(ends).toMatchObject(wanted);
      expect(unhandled.reasons, "unhandled rejections").toEqual([]);
    },
  );
});
