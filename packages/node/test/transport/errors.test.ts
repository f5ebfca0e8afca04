/** Faults below TLS have a code and advice. Every fault that can be made on the loopback is tested. */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, connect as dial, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { TlsError } from "@handclasp/core";
import { connect, createServer, nodeCredential } from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { ConnectWebSocketOptions } from "../../src/transport/connectWebSocket.ts";
import { connectError, listenError, openError } from "../../src/transport/errors.ts";
import { tcpTransport } from "../../src/transport/tcp.ts";
import { webSocketTransport } from "../../src/transport/webSocket.ts";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
const elsewhere = await ca.issue({ names: ["elsewhere.example"] });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Listens on the loopback until the test is over. */
async function at(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers the first bytes of each client with this text. */
const saying = (answer: (socket: Socket) => void): Promise<number> =>
  at(createTcpServer((socket) => socket.once("data", () => answer(socket))));

const answering = (status: number): Promise<number> =>
  at(createHttpServer((_, response) => response.writeHead(status, { location: "/else" }).end()));

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function failure(target: string, webSocket?: ConnectWebSocketOptions): Promise<TlsError> {
  const options = { ca: ca.pem, serverName: "localhost", ...(webSocket && { webSocket }) };
  const error = await connect(target, options).then(
    () => "connected",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TlsError);
  return error as TlsError;
}

const neverOpened = /^the WebSocket never opened: /;
const junk = (socket: Socket): void => void socket.write("220 mail.example ESMTP\r\n");

describe("no connection", () => {
  test.each(["tcp", "ws", "wss"])("%s: no server listens there", async (scheme) => {
    const error = await failure(`${scheme}://127.0.0.1:${await freePort()}`);
    expect(error).toMatchObject({ code: "connection_refused", fault: "transport", alert: undefined, by: "us" });
    expect(error.advice).toContain("start it");
    expect(error.message).toMatch(scheme === "tcp" ? /^no connection: connect ECONNREFUSED 127/ : neverOpened);
  });

  test.each(["tcp", "ws"])("%s: the name does not exist", async (scheme) => {
    const error = await failure(`${scheme}://no-such-host.invalid:1`);
    expect(error).toMatchObject({
      code: "host_not_found",
      fault: "transport",
      advice: expect.stringContaining("name"),
    });
  });

  test.each([
    ["EAI_AGAIN", "host_not_found"],
    ["ETIMEDOUT", "connection_timeout"],
    ["EHOSTUNREACH", "host_unreachable"],
    ["ENETUNREACH", "host_unreachable"],
    ["EMFILE", "connection_failed"],
  ])("%s is %s", (code, wanted) => {
    expect(connectError(Object.assign(new Error("no"), { code }))).toMatchObject({ code: wanted });
  });

  test("each address of a name that has several is named", () => {
    const all = ["connect ECONNREFUSED ::1:1", "connect ECONNREFUSED 127.0.0.1:1"];
    const error = Object.assign(new AggregateError(all.map((message) => new Error(message))), { code: "ECONNREFUSED" });
    for (const told of [connectError(error), openError(error)]) {
      expect(told.code).toBe("connection_refused");
      for (const message of all) expect(told.message).toContain(message);
    }
  });
});

describe("no WebSocket", () => {
  test.each([
    [200, "check port and path"],
    [302, "redirects"],
    [403, "origin"],
    [404, "check the path"],
    [426, "proxy"],
    [502, "does not reach it"],
  ])("an HTTP server that answers %d", async (status, advice) => {
    const error = await failure(`ws://127.0.0.1:${await answering(status)}/tls`);
    expect(error).toMatchObject({
      code: "websocket_refused",
      fault: "transport",
      advice: expect.stringContaining(advice),
    });
    expect(error.message).toMatch(neverOpened);
    expect(error.message).toContain(String(status));
  });

  test("a TCP server that speaks no HTTP", async () => {
    const error = await failure(`ws://127.0.0.1:${await saying(junk)}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("not HTTP") });
  });

  test("a TLS server that hangs up, as that of Node.js does", async () => {
    const error = await failure(`ws://127.0.0.1:${await at(createTlsServer(issued))}`);
    expect(error).toMatchObject({ code: "websocket_not_opened", advice: expect.stringContaining("use wss:") });
  });

  test("a TLS server that answers with an alert, as that of OpenSSL does", async () => {
    const alert = Uint8Array.of(21, 3, 1, 0, 2, 2, 70);
    const error = await failure(`ws://127.0.0.1:${await saying((socket) => void socket.end(alert))}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("use wss:") });
  });

  test("a server of ours over TCP", async () => {
    const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
    cleanups.push(() => server.close({ grace: 0 }));
    const { port } = (await server.listenTcp()).address() as AddressInfo;
    const error = await failure(`ws://127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("tcp:") });
  });

  test("an upgrade to something else", async () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n";
    const error = await failure(`ws://127.0.0.1:${await saying((socket) => void socket.write(head))}`);
    expect(error).toMatchObject({ code: "not_a_websocket" });
  });

  test("a server that hangs up", async () => {
    const error = await failure(`ws://127.0.0.1:${await saying((socket) => void socket.end())}`);
    expect(error).toMatchObject({ code: "websocket_not_opened", message: expect.stringMatching(neverOpened) });
  });

  test("a server that says nothing", async () => {
    const error = await failure(`ws://127.0.0.1:${await saying(() => {})}`, { handshakeTimeout: 50 });
    expect(error).toMatchObject({ code: "websocket_timeout", message: expect.stringMatching(neverOpened) });
  });

  test.each([
    ["of an authority that is not trusted", issued, undefined],
    ["for another name", elsewhere, ca.pem],
  ])("wss: a certificate %s", async (_, certificate, outer) => {
    const port = await at(createHttpsServer(certificate));
    const error = await failure(`wss://localhost:${port}`, outer === undefined ? {} : { ca: outer });
    expect(error).toMatchObject({ code: "outer_certificate", advice: expect.stringContaining("webSocket.ca") });
    expect(error.message).toMatch(neverOpened);
  });

  test("wss: a server of plain HTTP", async () => {
    const error = await failure(`wss://127.0.0.1:${await answering(200)}`);
    expect(error).toMatchObject({ code: "outer_tls", advice: expect.stringContaining("use ws:") });
  });

  test("wss: a server that refuses our TLS", async () => {
    const alert = Uint8Array.of(21, 3, 3, 0, 2, 2, 40);
    const error = await failure(`wss://127.0.0.1:${await saying((socket) => void socket.write(alert))}`);
    expect(error).toMatchObject({ code: "outer_tls", advice: expect.stringContaining("suites") });
  });
});

describe("no TLS", () => {
  test.each([
    ["junk", junk, "not_tls"],
    ["HTTP", (socket: Socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), "plain_http"],
    ["its end", (socket: Socket) => void socket.end(), "closed_during_handshake"],
    ["a reset", (socket: Socket) => void socket.resetAndDestroy(), "closed_during_handshake"],
  ])("tcp: a server that answers with %s", async (_, answer, code) => {
    expect(await failure(`tcp://127.0.0.1:${await saying(answer)}`)).toMatchObject({ code });
  });

  test.each([
    ["closes", (ws: WebSocket) => ws.close(1011, "no")],
    ["goes away", (ws: WebSocket) => ws.close(1001)],
    ["breaks", (ws: WebSocket) => ws.terminate()],
  ])("ws: a server that %s", async (_, ends) => {
    const { WebSocketServer } = await import("ws");
    const http = createHttpServer();
    new WebSocketServer({ server: http }).on("connection", (ws) => ws.once("message", () => ends(ws)));
    const error = await failure(`ws://127.0.0.1:${await at(http)}`);
    expect(error).toMatchObject({ code: "closed_during_handshake", fault: "transport" });
    expect(error.message).toMatch(/the WebSocket closed .* during the handshake/);
  });
});

describe("a server's onError, of a client that is gone without close_notify", () => {
  /** A server, the error that it tells, and clients that can be ended below TLS. */
  async function serving() {
    let tell: (error: unknown) => void = () => {};
    const told = new Promise<unknown>((resolve) => (tell = resolve));
    const options = { credentials: [nodeCredential(issued)], onError: tell };
    const server = createServer(options, (channel) => channel.read());
    cleanups.push(() => server.close({ grace: 0 }));
    const { port: tcp } = (await server.listenTcp()).address() as AddressInfo;
    const { port: ws } = (await server.listenWebSocket()).address() as AddressInfo;
    return { tcp, ws, told };
  }

  test.each([
    ["a page that is left", "peer_left", (ws: WebSocket) => ws.close(1001)],
    ["a WebSocket that is closed in order", "truncated", (ws: WebSocket) => ws.close(1000)],
    ["a WebSocket that breaks", "connection_lost", (ws: WebSocket) => ws.terminate()],
  ])("%s: %s", async (_, code, ends) => {
    const { ws: port, told } = await serving();
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    const channel = await connect(webSocketTransport(ws), { ca: ca.pem, serverName: "localhost" });
    ends(ws);
    expect(await told).toMatchObject({ code, fault: "transport" });
    await channel.closed.catch(() => {});
  });

  test.each([
    ["TCP that ends", "truncated", (socket: Socket) => socket.end()],
    ["TCP that is reset", "connection_lost", (socket: Socket) => socket.resetAndDestroy()],
  ])("%s: %s", async (_, code, ends) => {
    const { tcp, told } = await serving();
    const socket = dial({ port: tcp, host: "127.0.0.1" });
    const channel = await connect(tcpTransport(socket), { ca: ca.pem, serverName: "localhost" });
    ends(socket);
    expect(await told).toMatchObject({ code, fault: "transport" });
    await channel.closed.catch(() => {});
  });
});

describe("cannot be listened on", () => {
  test.each(["listenTcp", "listenWebSocket"] as const)("%s: a port in use", async (listen) => {
    const taken = await at(createTcpServer());
    const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
    const error: unknown = await server[listen]({ port: taken }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "TlsError", code: "address_in_use", fault: "transport" });
    expect(error).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${taken}`) });
    await server.close();
  });

  test.each([
    ["an address of another computer", "192.0.2.1", "address_not_available"],
    ["a name that does not exist", "no-such-host.invalid", "host_not_found"],
  ])("%s", async (_, host, code) => {
    const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
    await expect(server.listenTcp({ host })).rejects.toMatchObject({ name: "TlsError", code });
    await server.close();
  });

  test.each([
    ["EACCES", "address_not_permitted"],
    ["ENOBUFS", "listen_failed"],
  ])("%s is %s", (code, wanted) => {
    expect(listenError(Object.assign(new Error("no"), { code }))).toMatchObject({ code: wanted, fault: "transport" });
  });
});
