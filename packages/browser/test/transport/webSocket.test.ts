// Node 20 has no WebSocket, so these tests use the WebSocket of ws, which has the same interface.
// webSocket.browser.test.ts tests a browser's WebSocket.
import type { AddressInfo } from "node:net";
import { transportContract } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { WebSocketServer, WebSocket as WsWebSocket } from "ws";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const ignoreEvents = { data() {}, drain() {}, end() {}, error() {} };
const asBrowserSocket = (ws: WsWebSocket) => ws as unknown as WebSocket;

async function bareServer() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, maxPayload: 2 ** 20 });
  const accepted = new Promise<WsWebSocket>((resolve) => server.on("connection", (ws) => resolve(ws)));
  await new Promise((resolve) => server.on("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const cleanup = () => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  return { url, accepted, cleanup };
}

transportContract({ describe, test }, "WebSocket of a page", async () => {
  const { url, accepted, cleanup } = await bareServer();
  const a = webSocketTransport(asBrowserSocket(new WsWebSocket(url)));
  const other = await accepted;
  const b = webSocketTransport(asBrowserSocket(other));
  return { a, b, cleanup, pausesAtOnce: false, reset: () => other.terminate(), text: () => other.send("text") };
});

describe("webSocketTransport", () => {
  test("keeps bytes that are sent while it opens, and closes with 4000 after them", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = webSocketTransport(asBrowserSocket(new WsWebSocket(url)));
    client.start(ignoreEvents);
    client.send(new Uint8Array([1]));
    client.abort("bad_record_mac");
    const server = await accepted;
    const received: unknown[] = [];
    server.on("message", (data: Buffer) => received.push([...data]));
    const closed = await new Promise((resolve) =>
      server.on("close", (code, reason) => resolve([code, String(reason)])),
    );
    // The empty message announces credit.
    expect([received, closed]).toEqual([
      [[], [1]],
      [4000, "bad_record_mac"],
    ]);
    cleanup();
  });

  test("the error of a WebSocket that never opened contains neither a password nor the query", async () => {
    const { url, cleanup } = await bareServer();
    cleanup();
    const secret = url.replace("//", "//me:hidden@").replace(/$/, "path?token=hidden");
    const transport = webSocketTransport(asBrowserSocket(new WsWebSocket(secret)));
    const error = await new Promise<Error>((resolve) => transport.start({ ...ignoreEvents, error: resolve }));
    expect(error.message).toContain(`${url}path never opened`);
    expect(error.message).not.toContain("hidden");
  });

  test("a refused connection causes an error event with advice", async () => {
    const { url, cleanup } = await bareServer();
    cleanup();
    const client = webSocketTransport(asBrowserSocket(new WsWebSocket(url)));
    const error = await new Promise((resolve) => client.start({ ...ignoreEvents, error: resolve }));
    expect(error).toMatchObject({
      code: "websocket_not_opened",
      fault: "transport",
      advice: expect.stringContaining("console"),
    });
  });

  test("cannot pause a peer that does not speak credit, so pause() returns false", async () => {
    const { url, cleanup } = await bareServer();
    const client = webSocketTransport(asBrowserSocket(new WsWebSocket(url)));
    client.start(ignoreEvents);
    expect(client.pause()).toBe(false);
    client.abort("over");
    cleanup();
  });
});
