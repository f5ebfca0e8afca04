/** SecureWebSocket against a server of ours, over the WebSocket of `ws` on loopback. */
import type { AddressInfo } from "node:net";
import { acceptMessages, messageProtocols } from "@handclasp/core/messages";
import { createServer, nodeCredential } from "@handclasp/node";
import { SecureWebSocket, type SocketCloseEvent } from "@handclasp/node/websocket";
import { testCa } from "@handclasp/testing";
import { afterAll, expect, test } from "vitest";

const ca = await testCa();
const credential = nodeCredential(await ca.issue());
const server = createServer(
  { credentials: [credential], alpn: messageProtocols, requireAlpn: true },
  async (channel) => {
    const { messages } = await acceptMessages(channel, { protocols: ["echo"] });
    for await (const message of messages) {
      await messages.send(message);
      if (message === "Goodbye") {
        await messages.close(4001, "bye");
        return;
      }
    }
  },
);
const listener = await server.listenWebSocket({ path: "/" });
const { port } = listener.address() as AddressInfo;
afterAll(() => server.close({ grace: 0 }));

test("a socket opens, echoes and closes", async () => {
  const socket = new SecureWebSocket(`ws://localhost:${port}/room?id=1`, { ca: ca.pem, protocols: ["echo"] });
  socket.binaryType = "arraybuffer";
  const events: unknown[] = [];
  socket.onopen = () => {
    events.push("open", socket.protocol);
    socket.send("hello");
    socket.send(new Uint8Array([1, 2]));
    socket.send(new Blob(["blob"]));
    socket.send("Goodbye");
  };
  socket.onmessage = ({ data }) => events.push(data);
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  const { code, reason, wasClean } = (await closed) as SocketCloseEvent;
  events.push([code, reason, wasClean]);
  const blob = new TextEncoder().encode("blob").buffer;
  expect(events).toEqual([
    "open",
    "echo",
    "hello",
    new Uint8Array([1, 2]).buffer,
    blob,
    "Goodbye",
    [4001, "bye", true],
  ]);
});
