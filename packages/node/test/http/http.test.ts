/** HTTP over channels: how a server stops, what an agent keeps, and what is refused. */
import { createServer as createHttp1, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import { get } from "node:https";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { type ConnectOptions, connect, createServer, nodeCredential, type TlsServer } from "@handclasp/node";
import { createHttpServer, HttpAgent, type HttpServer, httpHandler, undiciConnector } from "@handclasp/node/http";
import { toSocket } from "@handclasp/node/socket";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["device.example"] }));
const trust: ConnectOptions = { ca: ca.pem };

async function listen(server: TlsServer): Promise<string> {
  const listener = await server.listenTcp();
  onTestFinished(() => void server.close({ grace: 0 }));
  return `tcp://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

function agentTo(address: string, options: ConnectOptions = trust): HttpAgent {
  const agent = new HttpAgent(address, options);
  onTestFinished(() => agent.destroy());
  return agent;
}

const ask = (agent: HttpAgent, path = "/"): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(`https://device.example${path}`, { agent }, resolve).on("error", reject);
  });

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Resolves once something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a server that closes", () => {
  test("answers the requests that have arrived, and ends connections that are idle", async () => {
    const responses: ServerResponse[] = [];
    const server = createHttpServer({ credentials }, (request, response) => {
      if (request.url === "/idle") response.end();
      else if (request.url === "/head") response.flushHeaders();
      if (request.url !== "/idle") responses.push(response);
    });
    const address = await listen(server);
    const idle = agentTo(address);
    await textOf(await ask(idle, "/idle"));
    const slow = ask(agentTo(address));
    const begun = await ask(agentTo(address), "/head");
    await until(() => responses.length === 2);
    const closing = server.close({ grace: 60_000 });
    await until(() => server.connections.size === 2);
    for (const response of responses) response.end("answered");
    expect((await slow).headers.connection).toBe("close");
    expect([await textOf(await slow), await textOf(begun)]).toEqual(["answered", "answered"]);
    expect(await closing).toEqual([]);
  });

  test("lets the streams of HTTP/2 end", async () => {
    const http2 = createHttp2();
    let respond: (() => void) | undefined;
    http2.on("request", (_, response) => {
      respond = () => response.end("answered");
    });
    const server = createHttpServer({ credentials }, http2);
    const channel = await connect(await listen(server), { ...trust, serverName: "device.example", alpn: ["h2"] });
    const session = connectHttp2("https://device.example", { createConnection: () => toSocket(channel) });
    const stream = session.request({ ":path": "/" });
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    await until(() => respond !== undefined);
    const closing = server.close({ grace: 60_000 });
    respond?.();
    await new Promise((resolve) => stream.on("end", resolve));
    expect([Buffer.concat(parts).toString(), await closing]).toEqual(["answered", []]);
  });

  test("leaves a connection that was upgraded to its owner until the end of the grace period", async () => {
    const http = createHttp1();
    http.on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
      socket.on("data", (bytes: Buffer) => socket.write(bytes));
    });
    const server = createHttpServer({ credentials }, http);
    const channel = await connect(await listen(server), { ...trust, serverName: "device.example" });
    const socket = toSocket(channel);
    socket.write("GET / HTTP/1.1\r\nHost: device.example\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
    const received: string[] = [];
    socket.on("data", (bytes: Buffer) => received.push(bytes.toString())).on("error", () => {});
    await until(() => received.join("").endsWith("\r\n\r\n"));
    const closing = server.close({ grace: 200 });
    socket.write("still here");
    await until(() => received.join("").endsWith("still here"));
    expect((await closing).length).toBe(1);
  });
});

describe("an agent", () => {
  test("keeps its connection, and a new one resumes the session", async () => {
    let opened = 0;
    const resumed: boolean[] = [];
    const http = createHttp1((request, response) => {
      resumed.push((request.socket as unknown as { isSessionReused(): boolean }).isSessionReused());
      response.end();
      if (request.url === "/last") response.on("finish", () => request.socket.end());
    });
    http.on("connection", () => opened++);
    const agent = agentTo(await listen(createHttpServer({ credentials }, http)));
    for (const path of ["/", "/", "/last"]) {
      await textOf(await ask(agent, path));
      // The agent takes the socket back in a later turn.
      await until(() => path === "/last" || Object.keys(agent.freeSockets).length === 1);
    }
    await until(() => Object.keys(agent.freeSockets).length === 0);
    await textOf(await ask(agent));
    expect([opened, resumed]).toEqual([2, [false, false, false, true]]);
  });

  test("fails a request whose server it does not trust, with the TlsError", async () => {
    const address = await listen(createHttpServer({ credentials }, (_, response) => response.end()));
    const other = await testCa();
    await expect(ask(agentTo(address, { ca: other.pem }))).rejects.toMatchObject({ code: "unknown_issuer" });
    const wrongName = agentTo(address, { ...trust, serverName: "other.example" });
    await expect(ask(wrongName)).rejects.toMatchObject({ code: "name_mismatch" });
  });

  test("fails a request when no server listens, with the code of Node.js", async () => {
    const probe = createNetServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.on("listening", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    await expect(ask(agentTo(`tcp://127.0.0.1:${port}`))).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("asks a function for the target of each connection", async () => {
    const address = await listen(createHttpServer({ credentials }, (_, response) => response.end("found")));
    const asked: unknown[] = [];
    const agent = new HttpAgent((host, port) => {
      asked.push(host, port);
      return Promise.resolve(address);
    }, trust);
    onTestFinished(() => agent.destroy());
    expect(await textOf(await ask(agent))).toBe("found");
    expect(asked).toEqual(["device.example", 443]);
  });

  test("is for https: URLs alone", async () => {
    const agent = agentTo("tcp://127.0.0.1:1");
    const { get: getPlain } = await import("node:http");
    expect(() => getPlain("http://device.example/", { agent })).toThrow('Expected "https:"');
    const connector = undiciConnector("tcp://127.0.0.1:1", trust);
    expect(() => connector({ hostname: "a", port: "", protocol: "http:" }, () => {})).toThrow("the URL");
  });
});

describe("wrong arguments throw", () => {
  test.each<[string, () => unknown, string]>([
    ["an agent without a target", () => new HttpAgent(undefined as unknown as string), "the target"],
    ["an agent with a misspelt option", () => new HttpAgent("tcp://a:1", { cas: "" } as ConnectOptions), "cas"],
    ["a connector with a misspelt option", () => undiciConnector("tcp://a:1", { pin: "" } as ConnectOptions), "pin"],
    ["a handler without a server", () => httpHandler(undefined as unknown as HttpServer), "the server"],
    ["a handler with a server of node:net", () => httpHandler(createNetServer() as unknown as Server), "the server"],
    [
      "a server with a misspelt option",
      () => createHttpServer({ credential: 1 } as never, createHttp1()),
      "credential",
    ],
    ["a server without options", () => createHttpServer(undefined as never, createHttp1()), "options"],
    [
      "a server with a misspelt option that it inherits",
      () => createHttpServer(Object.create({ clientAuht: "require" }), createHttp1()),
      "clientAuht",
    ],
  ])("%s", (_, make, text) => {
    expect(make).toThrow(text);
    expect(make).toThrow(expect.objectContaining({ code: "configuration" }));
  });
});

test("a handler serves HTTP next to another protocol", async () => {
  const http = httpHandler(createHttp1((_, response) => response.end("http")));
  const server = createServer({ credentials, alpn: ["http/1.1", "raw"] }, (channel, request) =>
    channel.session.alpn === "raw" ? channel.write(Buffer.from("raw")) : http(channel, request),
  );
  const address = await listen(server);
  expect(await textOf(await ask(agentTo(address)))).toBe("http");
  const channel = await connect(address, { ...trust, serverName: "device.example", alpn: ["raw"] });
  expect(Buffer.from((await channel.read()) as Uint8Array).toString()).toBe("raw");
  channel.abort();
});
