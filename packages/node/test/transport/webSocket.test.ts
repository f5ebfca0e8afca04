import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Transport } from "@handclasp/core";
import { testCa, transportContract } from "@handclasp/testing";
import { describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { connectWebSocket } from "../../src/transport/connectWebSocket.ts";
import { type ListenWebSocketOptions, listenWebSocket } from "../../src/transport/listenWebSocket.ts";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const ignoreEvents = { data() {}, drain() {}, end() {}, error() {} };

/** A server of plain `ws` sockets, which a test can make misbehave. */
async function bareServer() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, maxPayload: 2 ** 20 });
  const accepted = new Promise<WebSocket>((resolve) => server.on("connection", (ws) => resolve(ws)));
  await new Promise((resolve) => server.on("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const cleanup = () => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  return { url, accepted, cleanup };
}

function sendText(ws: WebSocket) {
  if (ws.readyState === ws.CONNECTING) ws.once("open", () => ws.send("text"));
  else ws.send("text");
}

async function listen(options: ListenWebSocketOptions = {}) {
  let accept: (transport: Transport) => void;
  const accepted = new Promise<Transport>((resolve) => (accept = resolve));
  const listener = await listenWebSocket(options, (transport) => accept(transport));
  const { port } = listener.address() as AddressInfo;
  return { accepted, listener, port, url: `ws://127.0.0.1:${port}` };
}

const failure = (transport: Transport) =>
  new Promise((resolve, reject) =>
    transport.start({ ...ignoreEvents, error: resolve, end: () => reject(new Error("end instead of an error")) }),
  );

const received = (transport: Transport) =>
  new Promise<number[]>((resolve) => transport.start({ ...ignoreEvents, data: (bytes) => resolve([...bytes]) }));

for (const [name, isSwapped] of [
  ["client to server", false],
  ["server to client", true],
] as const) {
  transportContract({ describe, test }, `ws, ${name}`, async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 ** 20 });
    // The client is still connecting when the first bytes are sent.
    const near = webSocketTransport(client);
    const server = await accepted;
    const far = webSocketTransport(server);
    const [a, b, other] = isSwapped ? [far, near, client] : [near, far, server];
    return { a, b, cleanup, reset: () => other.terminate(), text: () => sendText(other) };
  });
}

describe("webSocketTransport", () => {
  test("keeps bytes that are sent while it opens, and closes with 1000 after them", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = await connectWebSocket(url);
    client.start(ignoreEvents);
    client.send(new Uint8Array([1]));
    client.send(new Uint8Array([2]));
    client.end();
    const server = await accepted;
    const received: unknown[] = [];
    server.on("message", (data: Buffer) => received.push([...data]));
    const code = await new Promise((resolve) => server.on("close", resolve));
    expect([received, code]).toEqual([[[1], [2]], 1000]);
    cleanup();
  });

  test("abort closes with 4000 and the reason, after the bytes that were sent", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = await connectWebSocket(url);
    client.start(ignoreEvents);
    client.send(new Uint8Array([1]));
    client.abort("bad_record_mac");
    const server = await accepted;
    const received: unknown[] = [];
    server.on("message", (data: Buffer) => received.push([...data]));
    const closed = await new Promise((resolve) =>
      server.on("close", (code, reason) => resolve([code, String(reason)])),
    );
    expect([received, closed]).toEqual([[[1]], [4000, "bad_record_mac"]]);
    cleanup();
  });

  test("after abort, a peer that does not answer the close frame is disconnected", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const ws = new WebSocket(url);
    const client = webSocketTransport(ws);
    client.start(ignoreEvents);
    await new Promise((resolve) => ws.on("open", resolve));
    const server = await accepted;
    server.pause();
    // The transport calls `terminate`. ws itself would wait for 30 s, and would not call it.
    const terminate = vi.spyOn(ws, "terminate");
    client.abort("no");
    await new Promise((resolve) => ws.on("close", resolve));
    expect(terminate).toHaveBeenCalledOnce();
    cleanup();
  });

  test("abort while the WebSocket opens, with no bytes to send, closes it at once", async () => {
    const { url, cleanup } = await bareServer();
    const ws = new WebSocket(url);
    const client = webSocketTransport(ws);
    client.start({ ...ignoreEvents, error: () => expect.unreachable() });
    client.abort("no");
    await new Promise((resolve) => ws.on("close", resolve));
    cleanup();
  });

  test("a message of more than 1 MiB causes an error event", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = await connectWebSocket(url);
    const error = failure(client);
    (await accepted).send(new Uint8Array(2 ** 20 + 1));
    expect(await error).toMatchObject({ code: "message_too_big", fault: "transport" });
    cleanup();
  });

  test("a text message causes an error event, and closes the WebSocket with 1003", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = await connectWebSocket(url);
    const error = failure(client);
    const server = await accepted;
    server.send("hello");
    expect(await error).toMatchObject({ code: "text_message", fault: "transport" });
    expect(await new Promise((resolve) => server.on("close", resolve))).toBe(1003);
    cleanup();
  });

  test.each([
    ["closes with code 1011", 1011, { code: "connection_lost", message: expect.stringContaining("1011 (oops)") }],
  ])("a peer that %s causes an error with that code", async (_name, code, wanted) => {
    const { url, accepted, cleanup } = await bareServer();
    const error = failure(await connectWebSocket(url));
    (await accepted).close(code, "oops");
    expect(await error).toMatchObject(wanted);
    cleanup();
  });

  test("the reason of a peer's close frame adds no control characters to the message", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const transport = await connectWebSocket(url);
    const failed = failure(transport);
    (await accepted).close(4001, "\n\u001b[31m\u009b31m\u202eoops");
    const { message } = (await failed) as Error;
    expect(message).toContain("oops");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    cleanup();
  });

  test("a peer that closes and leaves TCP open is disconnected after 5 s, not after the 30 s of ws", async () => {
    const { url, accepted, cleanup } = await bareServer();
    const client = await connectWebSocket(url);
    const error = failure(client);
    const server = await accepted;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    // A close frame with code 1011, and no FIN.
    const { _socket } = server as unknown as { _socket: Socket };
    const arrived = once(_socket, "data");
    _socket.write(Uint8Array.of(0x88, 2, 1011 >> 8, 1011 & 255));
    await arrived;
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    expect(await error).toMatchObject({ code: "connection_lost" });
    cleanup();
  });

  test("a WebSocket that is closed already causes an error event", async () => {
    const { url, cleanup } = await bareServer();
    const ws = new WebSocket(url);
    ws.on("error", () => {});
    ws.terminate();
    await new Promise((resolve) => ws.on("close", resolve));
    expect(await failure(webSocketTransport(ws))).toMatchObject({ code: "connection_lost" });
    cleanup();
  });
});

describe("listenWebSocket", () => {
  test("accepts on its path, on the loopback by default, and refuses other requests", async () => {
    const { accepted, listener, url, port } = await listen({ path: "/tls" });
    expect(listener.address()).toMatchObject({ address: "127.0.0.1" });
    const refused = await failure(await connectWebSocket(`${url}/else`));
    expect(refused).toMatchObject({ code: "websocket_refused", message: expect.stringContaining("404") });
    expect((await fetch(`http://127.0.0.1:${port}/tls`)).status).toBe(426);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    const client = await connectWebSocket(`${url}/tls?query`);
    client.start(ignoreEvents);
    client.send(new Uint8Array([1, 2]));
    expect(await received(await accepted)).toEqual([1, 2]);
    client.end();
    await listener.close();
  });

  test("refuses permessage-deflate", async () => {
    const { listener, url } = await listen();
    const ws = new WebSocket(url, { perMessageDeflate: true });
    await new Promise((resolve) => ws.on("open", resolve));
    expect(ws.extensions).toBe("");
    ws.close();
    await listener.close(50);
  });

  test("refuses the requests that `allow` refuses", async () => {
    const { accepted, listener, url } = await listen({
      origins: ["https://good.example", "https://other.example"],
      allow: ({ headers }) => headers.origin === "https://good.example",
    });
    for (const headers of [{}, { origin: "https://other.example" }])
      expect(await failure(await connectWebSocket(url, { headers }))).toMatchObject({
        message: expect.stringContaining("403"),
      });
    const client = await connectWebSocket(url, { headers: { origin: "https://good.example" } });
    let ended = false;
    client.start({
      ...ignoreEvents,
      end: () => (ended = true),
      error: ({ message }) => expect(ended, message).toBe(true),
    });
    (await accepted).start(ignoreEvents);
    client.end();
    await listener.close();
  });

  test("listens for upgrades of an existing server at once, before ws is loaded", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const starting = listenWebSocket({ server }, (transport) => transport.start(ignoreEvents));
    expect(server.listenerCount("upgrade")).toBe(1);
    const listener = await starting;
    expect(server.listenerCount("upgrade")).toBe(1);
    await listener.close();
    server.close();
  });

  test("shares an existing server: each listener serves its path, and the server the other requests", async () => {
    const server = createServer((_request, response) => response.end("page"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const one = await listen({ server, path: "/one" });
    const two = await listen({ server, path: "/two" });
    expect(await (await fetch(`http://127.0.0.1:${one.port}/one`)).text()).toBe("page");
    for (const [path, { accepted }] of [
      ["/two", two],
      ["/one", one],
    ] as const) {
      const client = await connectWebSocket(one.url + path);
      client.start(ignoreEvents);
      client.send(new Uint8Array([7]));
      const transport = await accepted;
      expect(await received(transport)).toEqual([7]);
      client.end();
    }
    await one.listener.close();
    await two.listener.close();
    expect(server.listening).toBe(true);
    expect(server.listenerCount("upgrade")).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  test("refuses a path of an existing server at once if no other listener can serve the path", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const one = await listen({ server, path: "/one" });
    const two = await listen({ server, path: "/two" });
    const refused = failure(await connectWebSocket(`${one.url}/else`));
    expect(await refused).toMatchObject({ code: "websocket_refused", message: expect.stringContaining("404") });

    let requestedUrl = "";
    server.on("upgrade", ({ url = "" }, socket) => {
      requestedUrl = url;
      socket.end("HTTP/1.1 410 Gone\r\n\r\n");
    });
    expect(await failure(await connectWebSocket(`${one.url}/else`))).toMatchObject({
      message: expect.stringContaining("410"),
    });
    expect(requestedUrl).toBe("/else");
    await one.listener.close();
    await two.listener.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test("accepts wss: on an existing HTTPS server, if the client trusts the CA of the outer TLS", async () => {
    const ca = await testCa();
    const server = createSecureServer(await ca.issue());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { accepted, listener, port } = await listen({ server });
    const url = `wss://localhost:${port}/`;
    expect(await failure(await connectWebSocket(url))).toMatchObject({ code: "outer_certificate" });
    const client = await connectWebSocket(url, { ca: ca.pem });
    client.start(ignoreEvents);
    client.send(new Uint8Array([7]));
    expect(await received(await accepted)).toEqual([7]);
    client.end();
    await listener.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test("rejects if the port is in use", async () => {
    const { listener, port } = await listen();
    await expect(listenWebSocket({ port }, () => {})).rejects.toMatchObject({ code: "address_in_use" });
    await listener.close();
  });

  test("close stops listening at once, waits for connections for the grace period, then destroys them", async () => {
    const { accepted, listener, url } = await listen();
    const client = await connectWebSocket(url);
    const error = failure(client);
    await accepted;
    const start = Date.now();
    const closed = listener.close(150);
    expect(await failure(await connectWebSocket(url))).toMatchObject({ code: "connection_refused" });
    await closed;
    expect(Date.now() - start).toBeGreaterThanOrEqual(140);
    expect(await error).toMatchObject({ code: "connection_lost" });
    await listener.close();
  });
});
