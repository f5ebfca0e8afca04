/**
 * Errors below TLS have a code and, mostly, advice. The tests cause faults on the loopback interface. For faults that
 * cannot occur there, they make up the error of Node.js.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
  type AddressInfo,
  connect as connectSocket,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
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
const issuedForOther = await ca.issue({ names: ["elsewhere.example"] });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Listens on the loopback until the end of the test. */
async function listenOn(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Starts a server that answers the first bytes of each connection with `answer`. */
const answerOnce = (answer: (socket: Socket) => void): Promise<number> =>
  listenOn(createTcpServer((socket) => socket.once("data", () => answer(socket))));

const answerWithStatus = (status: number): Promise<number> =>
  listenOn(createHttpServer((_, response) => response.writeHead(status, { location: "/else" }).end()));

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

describe("connect without a connection", () => {
  test.each(["tcp", "ws", "wss"])(
    "%s: rejects with connection_refused if nothing listens at the address",
    async (scheme) => {
      const error = await failure(`${scheme}://127.0.0.1:${await freePort()}`);
      expect(error).toMatchObject({ code: "connection_refused", fault: "transport", alert: undefined, by: "us" });
      expect(error.advice).toContain("start the server");
      expect(error.message).toMatch(scheme === "tcp" ? /^no connection: connect ECONNREFUSED 127/ : neverOpened);
    },
  );

  test.each(["tcp", "ws"])("%s: rejects with host_not_found if the name does not exist", async (scheme) => {
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
  ])("gives the error %s of Node.js the code %s", (code, wanted) => {
    expect(connectError(Object.assign(new Error("no"), { code }))).toMatchObject({ code: wanted });
  });

  test("names each address of a host with several addresses in the error", () => {
    const addresses = ["connect ECONNREFUSED ::1:1", "connect ECONNREFUSED 127.0.0.1:1"];
    const error = Object.assign(new AggregateError(addresses.map((message) => new Error(message))), {
      code: "ECONNREFUSED",
    });
    for (const converted of [connectError(error), openError(error)]) {
      expect(converted.code).toBe("connection_refused");
      for (const message of addresses) expect(converted.message).toContain(message);
    }
  });
});

describe("connect without a WebSocket", () => {
  test.each([
    [200, "check port and path"],
    [302, "redirects"],
    [403, "origin"],
    [404, "check the path"],
    [426, "proxy"],
    [429, "close some, or try again later"],
    [502, "has failed"],
    [503, "try again later"],
    [503, "the option carrier"],
  ])("rejects with websocket_refused if an HTTP server answers %d", async (status, advice) => {
    const error = await failure(`ws://127.0.0.1:${await answerWithStatus(status)}/tls`);
    expect(error).toMatchObject({
      code: "websocket_refused",
      fault: "transport",
      advice: expect.stringContaining(advice),
    });
    expect(error.message).toMatch(neverOpened);
    expect(error.message).toContain(String(status));
  });

  test("rejects with not_a_websocket if the server does not speak HTTP", async () => {
    const error = await failure(`ws://127.0.0.1:${await answerOnce(junk)}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("does not speak HTTP") });
  });

  test("rejects with websocket_not_opened if a TLS server closes the connection, as that of Node.js does", async () => {
    const error = await failure(`ws://127.0.0.1:${await listenOn(createTlsServer(issued))}`);
    expect(error).toMatchObject({ code: "websocket_not_opened", advice: expect.stringContaining("use wss:") });
  });

  test("rejects with not_a_websocket if a TLS server answers with an alert, as that of OpenSSL does", async () => {
    const alert = Uint8Array.of(21, 3, 1, 0, 2, 2, 70);
    const error = await failure(`ws://127.0.0.1:${await answerOnce((socket) => void socket.end(alert))}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("use wss:") });
  });

  test("rejects with not_a_websocket if a Handclasp server listens for TCP", async () => {
    const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
    cleanups.push(() => server.close({ grace: 0 }));
    const { port } = (await server.listenTcp()).address() as AddressInfo;
    const error = await failure(`ws://127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: "not_a_websocket", advice: expect.stringContaining("tcp:") });
  });

  test("rejects with not_a_websocket if the server upgrades to another protocol", async () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n";
    const error = await failure(`ws://127.0.0.1:${await answerOnce((socket) => void socket.write(head))}`);
    expect(error).toMatchObject({ code: "not_a_websocket" });
  });

  test("rejects with websocket_not_opened if the server closes the connection", async () => {
    const error = await failure(`ws://127.0.0.1:${await answerOnce((socket) => void socket.end())}`);
    expect(error).toMatchObject({ code: "websocket_not_opened", message: expect.stringMatching(neverOpened) });
  });

  test("rejects with websocket_timeout if the server sends nothing", async () => {
    const error = await failure(`ws://127.0.0.1:${await answerOnce(() => {})}`, { handshakeTimeout: 50 });
    expect(error).toMatchObject({ code: "websocket_timeout", message: expect.stringMatching(neverOpened) });
  });

  test.each([
    ["from an unknown CA", issued, undefined],
    ["for another name", issuedForOther, ca.pem],
  ])("wss: rejects with outer_certificate if the certificate is %s", async (_, certificate, outer) => {
    const port = await listenOn(createHttpsServer(certificate));
    const error = await failure(`wss://localhost:${port}`, outer === undefined ? {} : { ca: outer });
    expect(error).toMatchObject({ code: "outer_certificate", advice: expect.stringContaining("webSocket.ca") });
    expect(error.message).toMatch(neverOpened);
  });

  test("wss: rejects with outer_tls if the server speaks plain HTTP", async () => {
    const error = await failure(`wss://127.0.0.1:${await answerWithStatus(200)}`);
    expect(error).toMatchObject({ code: "outer_tls", advice: expect.stringContaining("use ws:") });
  });

  test("wss: rejects with outer_tls if the server refuses the outer TLS", async () => {
    const alert = Uint8Array.of(21, 3, 3, 0, 2, 2, 40);
    const error = await failure(`wss://127.0.0.1:${await answerOnce((socket) => void socket.write(alert))}`);
    expect(error).toMatchObject({ code: "outer_tls", advice: expect.stringContaining("suites") });
  });
});

describe("connect without TLS", () => {
  test.each([
    ["junk", junk, "not_tls"],
    ["HTTP", (socket: Socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), "plain_http"],
    ["FIN", (socket: Socket) => void socket.end(), "closed_during_handshake"],
    ["RST", (socket: Socket) => void socket.resetAndDestroy(), "closed_during_handshake"],
  ])("tcp: rejects if the server answers with %s", async (_, answer, code) => {
    expect(await failure(`tcp://127.0.0.1:${await answerOnce(answer)}`)).toMatchObject({ code });
  });

  test.each([
    ["closes", (ws: WebSocket) => ws.close(1011, "no")],
    ["goes away", (ws: WebSocket) => ws.close(1001)],
    ["breaks", (ws: WebSocket) => ws.terminate()],
  ])("ws: rejects with closed_during_handshake if the server %s", async (_, ends) => {
    const { WebSocketServer } = await import("ws");
    const http = createHttpServer();
    new WebSocketServer({ server: http }).on("connection", (ws) => ws.once("message", () => ends(ws)));
    const error = await failure(`ws://127.0.0.1:${await listenOn(http)}`);
    expect(error).toMatchObject({ code: "closed_during_handshake", fault: "transport" });
    expect(error.message).toMatch(/the WebSocket closed .* during the handshake/);
  });
});

describe("the error that a server's onError gets if the client ends without close_notify,", () => {
  /** A server on TCP and WebSocket ports, and the first error that its onError gets. */
  async function serving() {
    let report: (error: unknown) => void = () => {};
    const reported = new Promise<unknown>((resolve) => (report = resolve));
    const options = { credentials: [nodeCredential(issued)], onError: report };
    const server = createServer(options, (channel) => channel.read());
    cleanups.push(() => server.close({ grace: 0 }));
    const { port: tcp } = (await server.listenTcp()).address() as AddressInfo;
    const { port: ws } = (await server.listenWebSocket()).address() as AddressInfo;
    return { tcp, ws, reported };
  }

  test.each([
    ["a page that is closed", "peer_left", (ws: WebSocket) => ws.close(1001)],
    ["a WebSocket that is closed cleanly", "truncated", (ws: WebSocket) => ws.close(1000)],
    ["a WebSocket that breaks", "connection_lost", (ws: WebSocket) => ws.terminate()],
  ])("for %s is %s", async (_, code, ends) => {
    const { ws: port, reported } = await serving();
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    const channel = await connect(webSocketTransport(ws), { ca: ca.pem, serverName: "localhost" });
    ends(ws);
    expect(await reported).toMatchObject({ code, fault: "transport" });
    await channel.closed.catch(() => {});
  });

  test.each([
    ["a TCP connection that ends", "truncated", (socket: Socket) => socket.end()],
    ["a TCP connection that is reset", "connection_lost", (socket: Socket) => socket.resetAndDestroy()],
  ])("for %s is %s", async (_, code, ends) => {
    const { tcp, reported } = await serving();
    const socket = connectSocket({ port: tcp, host: "127.0.0.1" });
    const channel = await connect(tcpTransport(socket), { ca: ca.pem, serverName: "localhost" });
    ends(socket);
    expect(await reported).toMatchObject({ code, fault: "transport" });
    await channel.closed.catch(() => {});
  });
});

describe("a listener that cannot start", () => {
  test.each(["listenTcp", "listenWebSocket"] as const)(
    "%s: rejects with address_in_use if the port is in use",
    async (listen) => {
      const taken = await listenOn(createTcpServer());
      const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
      const error: unknown = await server[listen]({ port: taken }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "TlsError", code: "address_in_use", fault: "transport" });
      expect(error).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${taken}`) });
      await server.close();
    },
  );

  test.each([
    ["for an address of another computer", "192.0.2.1", "address_not_available"],
    ["for a name that does not exist", "no-such-host.invalid", "host_not_found"],
  ])("rejects %s", async (_, host, code) => {
    const server = createServer({ credentials: [nodeCredential(issued)] }, () => {});
    await expect(server.listenTcp({ host })).rejects.toMatchObject({ name: "TlsError", code });
    await server.close();
  });

  test.each([
    ["EACCES", "address_not_permitted"],
    ["ENOBUFS", "listen_failed"],
  ])("gives the error %s of Node.js the code %s", (code, wanted) => {
    expect(listenError(Object.assign(new Error("no"), { code }))).toMatchObject({ code: wanted, fault: "transport" });
  });
});
