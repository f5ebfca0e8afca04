/**
 * SecureWebSocket with `reconnect`, through a relay that cuts connections: no message between two of our ends is lost
 * or repeated.
 */
import { type AddressInfo, connect as connectSocket, createServer as createRelay, type Socket } from "node:net";
import { MessageSessions } from "@handclasp/core/message-sessions";
import { acceptMessages, messageProtocols } from "@handclasp/core/messages";
import { createServer, nodeCredential } from "@handclasp/node";
import { reconnect, SecureWebSocket } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue());

const sessions = new MessageSessions();
const received: unknown[] = [];
const server = createServer(
  { credentials: [credential], alpn: messageProtocols, requireAlpn: true, onError: () => {} },
  async (channel) => {
    const { messages, isResumed } = await acceptMessages(channel, { sessions });
    if (isResumed) return;
    for await (const message of messages) {
      const { id } = JSON.parse(String(message));
      received.push(id);
      await messages.send(JSON.stringify({ answerTo: id }));
    }
  },
);
const listener = await server.listenWebSocket();
const { port } = listener.address() as AddressInfo;

const relayed = new Set<Socket>();
const relay = createRelay((near) => {
  const far = connectSocket(port, "127.0.0.1");
  near.pipe(far).pipe(near);
  for (const socket of [near, far]) {
    relayed.add(socket);
    socket.on("error", () => {}).on("close", () => relayed.delete(socket));
  }
});
await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
const relayPort = (relay.address() as AddressInfo).port;
const cut = (): void => {
  for (const socket of relayed) socket.destroy();
};

afterAll(async () => {
  sessions.close();
  await server.close({ grace: 0 });
  cut();
  relay.close();
});

test("no message is lost or repeated although the connection is cut 20 times at random", async () => {
  const socket = new SecureWebSocket(`ws://localhost:${relayPort}/`, {
    ca: ca.pem,
    serverName: "localhost",
    reconnect: reconnect({ minDelay: 5, maxDelay: 50 }),
  });
  const answers: unknown[] = [];
  let [resumed, restarted, sent] = [0, 0, 0];
  socket.addEventListener("resumed", () => resumed++);
  socket.addEventListener("restarted", () => restarted++);
  socket.addEventListener("message", ({ data }) => answers.push(JSON.parse(data).answerTo));
  await socket.opened;
  const send = (): void => socket.send(JSON.stringify({ id: sent++, text: "x".repeat(Math.random() * 3_000) }));
  for (let cuts = 0; cuts < 20; cuts++) {
    const before = resumed;
    for (let left = Math.random() * 200; left > 0; left--) {
      send();
      if (left % 10 < 1) await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    }
    cut();
    while (resumed === before) {
      send();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  while (answers.length < sent && socket.readyState === 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const all = Array.from({ length: sent }, (_, i) => i);
  expect(received).toEqual(all);
  expect(answers).toEqual(all);
  expect([resumed >= 20, restarted]).toEqual([true, 0]);
  socket.close(1000);
  await expect(socket.closed).resolves.toMatchObject({ code: 1000 });
});
