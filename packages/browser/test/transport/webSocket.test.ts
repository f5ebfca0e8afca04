// Node 20 has no WebSocket, so the tests use that of ws, which has the same interface. The real one is in
// webSocket.browser.test.ts.
import type { AddressInfo } from "node:net";
import { transportContract } from "@handclasp/testing";
import { describe, expect, test } from "vitest";
import { WebSocketServer, WebSocket as WsWebSocket } from "ws";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const quiet = { data() {}, drain() {}, end() {}, error() {} };
const native = (ws: WsWebSocket) => ws as unknown as WebSocket;

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
  const a = webSocketTransport(native(new WsWebSocket(url)));
  const other = await accepted;
  const b = webSocketTransport(native(other));
  return { a, b, cleanup, reset: () => other.terminate(), text: () => other.send("text") };
});

describe("webSocketTransport", () => {
  test("keeps what is sent while it opens, and closes with 4000 after it", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = webSocketTransport(native(new WsWebSocket(url)));
    client.start(quiet);
    client.send(new Uint8Array([1]));
    client.abort("bad_record_mac");
    const server = await accepted;
    const got: unknown[] = [];
    server.on("message", (data: Buffer) => got.push([...data]));
    const closed = await new Promise((resolve) =>
      server.on("close", (code, reason) => resolve([code, String(reason)])),
    );
    expect([got, closed]).toEqual([[[1]], [4000, "bad_record_mac"]]);
    cleanup();
  });

  test("its error shows neither a password nor what is behind the path", async () => {
    const { url, cleanup } = await bareServer();
    cleanup();
    const secret = url.replace("//", "//me:hidden@").replace(/$/, "path?token=hidden");
    const transport = webSocketTransport(native(new WsWebSocket(secret)));
    const error = await new Promise<Error>((resolve) => transport.start({ ...quiet, error: resolve }));
    expect(error.message).toContain(`${url}path never opened`);
    expect(error.message).not.toContain("hidden");
  });

  test("a refused connection is an error of the transport, with advice", async () => {
    const { url, cleanup } = await bareServer();
    cleanup();
    const client = webSocketTransport(native(new WsWebSocket(url)));
    const error = await new Promise((resolve) => client.start({ ...quiet, error: resolve }));
    expect(error).toMatchObject({
      code: "websocket_not_opened",
      fault: "transport",
      advice: expect.stringContaining("console"),
    });
  });

  test("cannot pause, and says so", async () => {
    const { url, cleanup } = await bareServer();
    const client = webSocketTransport(native(new WsWebSocket(url)));
    client.start(quiet);
    expect(client.pause()).toBe(false);
    client.abort("over");
    cleanup();
  });
});
