/** Servers of Node.js programs, unchanged, whose clients come through channels. */
import { createServer as createHttp1, type IncomingMessage } from "node:http";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer as createHttp2,
  createSecureServer as createSecureHttp2,
} from "node:http2";
import { get, request } from "node:https";
import { connect } from "@handclasp/node";
import { undiciConnector } from "@handclasp/node/http";
import { toSocket } from "@handclasp/node/socket";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { Agent, fetch } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { carriers, type Served, serve, trust } from "./serving.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Sends a request of node:https, and reads the whole response. */
function ask({ agent }: Served, path: string, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = `https://device.example${path}`;
    const onResponse = (response: IncomingMessage): void => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }),
      );
    };
    if (body === undefined) get(url, { agent }, onResponse).on("error", reject);
    else request(url, { agent, method: "POST" }, onResponse).on("error", reject).end(body);
  });
}

const big = Buffer.alloc(2 ** 22, "0123456789abcdef");

describe.each(carriers)("over %s,", (carrier) => {
  test("Express: the request is secure, bodies go both ways, an error is answered", async () => {
    const app = express();
    app.get("/who", (request, response) => {
      response.json({ secure: request.secure, protocol: request.protocol, host: request.hostname, ip: request.ip });
    });
    app.post("/echo", express.raw({ type: () => true, limit: "8mb" }), (request, response) => {
      response.send(request.body);
    });
    app.get("/broken", () => {
      throw Object.assign(new Error("broken"), { status: 418 });
    });
    app.use(((error, _request, response, _next) => {
      response.status(error.status).send(error.message);
    }) as express.ErrorRequestHandler);
    const served = await serve(carrier, app);
    expect(JSON.parse((await ask(served, "/who")).body)).toEqual({
      secure: true,
      protocol: "https",
      host: "device.example",
      ip: "127.0.0.1",
    });
    expect((await ask(served, "/echo", big)).body).toBe(big.toString());
    expect(await ask(served, "/broken")).toMatchObject({ status: 418, body: "broken" });
    expect((await ask(served, "/missing")).status).toBe(404);
  });

  test("Hono", async () => {
    const app = new Hono();
    app.get("/hello/:name", (context) => context.json({ hello: context.req.param("name"), url: context.req.url }));
    app.post("/echo", async (context) => context.body(await context.req.arrayBuffer()));
    const served = await serve(carrier, createAdaptorServer({ fetch: app.fetch }));
    const { body } = await ask(served, "/hello/you?a=1");
    expect(JSON.parse(body)).toEqual({ hello: "you", url: "https://device.example/hello/you?a=1" });
    expect((await ask(served, "/echo", big)).body).toBe(big.toString());
  });

  test("Fastify", async () => {
    const app = fastify();
    app.get("/who", (request) => ({ protocol: request.protocol, host: request.hostname }));
    app.post("/sum", (request) => ({ sum: (request.body as number[]).reduce((a, b) => a + b) }));
    await app.ready();
    onTestFinished(() => app.close());
    const served = await serve(carrier, app.server);
    expect(JSON.parse((await ask(served, "/who")).body)).toEqual({ protocol: "https", host: "device.example" });
    const dispatcher = new Agent({ connect: undiciConnector(served.carrier, trust) });
    onTestFinished(() => dispatcher.destroy());
    const response = await fetch("https://device.example/sum", {
      dispatcher,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "[1,2,39]",
    });
    expect(await response.json()).toEqual({ sum: 42 });
  });

  test("ws inside an HTTP server", async () => {
    const http = createHttp1((_, response) => response.end("page"));
    const sockets = new WebSocketServer({ server: http });
    sockets.on("connection", (socket) => {
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const served = await serve(carrier, http);
    expect((await ask(served, "/")).body).toBe("page");
    const client = new WebSocket("wss://device.example/chat", { agent: served.agent });
    await new Promise((resolve, reject) => client.on("open", resolve).on("error", reject));
    client.send("hello");
    expect(String(await new Promise((resolve) => client.once("message", resolve)))).toBe("hello");
    const closed = new Promise((resolve) => client.on("close", resolve));
    client.close(4000);
    expect(await closed).toBe(4000);
  });

  const kinds = [
    ["createServer", () => createHttp2()],
    ["createSecureServer", () => createSecureHttp2({ allowHTTP1: true })],
  ] as const;

  test.each(kinds)("http2.%s", async (_, create) => {
    const http2 = create();
    http2.on("request", (request, response) => {
      if (request.method === "POST") request.pipe(response);
      else response.end(`${request.httpVersion} ${request.url}`);
    });
    const served = await serve(carrier, http2);
    const session = await openHttp2(served);
    expect(await askHttp2(session, { ":path": "/a" })).toBe("2.0 /a");
    const [one, two] = await Promise.all([
      askHttp2(session, { ":path": "/b", ":method": "POST" }, big),
      askHttp2(session, { ":path": "/c" }),
    ]);
    expect([one === big.toString(), two]).toEqual([true, "2.0 /c"]);
    session.close();
  });

  test("an http2 server that also speaks HTTP/1.1", async () => {
    const http2 = createSecureHttp2({ allowHTTP1: true }, (request, response) => response.end(request.httpVersion));
    const served = await serve(carrier, http2, { alpn: ["h2", "http/1.1"] });
    expect((await ask(served, "/")).body).toBe("1.1");
    const session = await openHttp2(served);
    expect(await askHttp2(session, { ":path": "/" })).toBe("2.0");
    session.close();
  });

  test("undici: HTTP/1.1 keeps its connection, HTTP/2 by ALPN, a cut response fails", async () => {
    const opened: string[] = [];
    const http2 = createSecureHttp2({ allowHTTP1: true }, (request, response) => {
      if (request.url === "/cut") {
        response.writeHead(200, { "content-length": "100" });
        response.write("half");
        setImmediate(() => request.socket.destroy());
      } else response.end(request.httpVersion);
    });
    http2.on("secureConnection", ({ alpnProtocol }) => opened.push(String(alpnProtocol)));
    const served = await serve(carrier, http2, { alpn: ["h2", "http/1.1"] });
    const one = new Agent({ connections: 1, connect: undiciConnector(served.carrier, trust) });
    const two = new Agent({
      allowH2: true,
      connect: undiciConnector(served.carrier, { ...trust, alpn: ["h2", "http/1.1"] }),
    });
    onTestFinished(async () => {
      await one.destroy();
      await two.destroy();
    });
    const text = async (path: string, dispatcher: Agent): Promise<string> =>
      (await fetch(`https://device.example${path}`, { dispatcher })).text();
    expect([await text("/", one), await text("/", one), await text("/", two)]).toEqual(["1.1", "1.1", "2.0"]);
    expect(opened).toEqual(["http/1.1", "h2"]);
    await expect(text("/cut", one)).rejects.toThrow(TypeError);
  });
});

async function openHttp2({ carrier }: Served): Promise<ClientHttp2Session> {
  const channel = await connect(carrier, { ...trust, serverName: "device.example", alpn: ["h2"] });
  const session = connectHttp2("https://device.example", { createConnection: () => toSocket(channel) });
  onTestFinished(() => session.destroy());
  return session;
}

function askHttp2(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
    stream.on("end", () => resolve(Buffer.concat(parts).toString()));
    stream.end(body);
  });
}
