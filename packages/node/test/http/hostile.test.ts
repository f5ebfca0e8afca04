/** HTTP over channels against servers, clients and networks that cut, wait, or have another name. */
import { createServer as createHttp1, type IncomingMessage } from "node:http";
import { get } from "node:https";
import { type AddressInfo, createServer as createNetServer, type Socket } from "node:net";
import { accept, connect, nodeCredential, nodeCrypto, tcpTransport } from "@handclasp/node";
import { createHttpServer, HttpAgent, undiciConnector } from "@handclasp/node/http";
import { connect as connectTls } from "@handclasp/node/tls";
import { testCa } from "@handclasp/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const ca = await testCa();
const credentials = nodeCredential(await ca.issue({ names: ["device.example"] }));
const trust = { ca: ca.pem };

/** A response whose end is the end of the connection. */
const unframed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na part of the body";

/** Answers one request. `cut` then ends the connection under the channel. */
async function cutServer(cut: (socket: Socket) => unknown): Promise<{ readonly port: number; cut(): void }> {
  let cutNow = (): void => {};
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    cutNow = () => void cut(socket);
    void (async () => {
      const options = { provider: nodeCrypto, credentials: [credentials], alpn: ["http/1.1"] };
      const channel = await accept(tcpTransport(socket), options);
      await channel.read();
      await channel.write(Buffer.from(unframed));
    })().catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, cut: () => cutNow() };
}

describe.each<[string, (socket: Socket) => unknown]>([
  ["ended without close_notify", (socket) => socket.end()],
  ["reset", (socket) => socket.resetAndDestroy()],
])("a response without a length, whose connection is %s,", (_, cut) => {
  test.each(["HttpAgent", "connect of /tls"])("fails with %s", async (kind) => {
    const server = await cutServer(cut);
    const agent = new HttpAgent(`tcp://127.0.0.1:${server.port}`, trust);
    onTestFinished(() => agent.destroy());
    const createConnection = (): Socket =>
      connectTls({ port: server.port, host: "127.0.0.1", servername: "device.example", ...trust });
    const way = kind === "HttpAgent" ? { agent } : { createConnection };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get("https://device.example/", way, (received) => resolve(received)).on("error", reject);
    });
    const seen: string[] = [];
    response.on("data", (bytes) => {
      seen.push(String(bytes));
      server.cut();
    });
    for (const event of ["end", "aborted"]) response.on(event, () => seen.push(event));
    response.on("error", ({ code }: NodeJS.ErrnoException) => seen.push(code ?? ""));
    await new Promise((resolve) => response.on("close", resolve));
    expect(seen).toEqual(["a part of the body", "aborted", "ECONNRESET"]);
  });

  test("fails with a connector of undici, which takes ECONNRESET for the end of the response", async () => {
    const server = await cutServer(cut);
    const connector = undiciConnector(`tcp://127.0.0.1:${server.port}`, { ...trust, alpn: ["http/1.1"] });
    const socket = await new Promise<Socket>((resolve, reject) => {
      const target = { hostname: "device.example", port: "", protocol: "https:" };
      connector(target, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    socket.write("GET / HTTP/1.1\r\nhost: device.example\r\n\r\n");
    socket.once("data", () => server.cut());
    const error = await new Promise((resolve) => socket.on("error", resolve));
    expect(error).toMatchObject({ code: "UND_ERR_SOCKET" });
  });
});

test("a connector of undici calls back when a signal ends the connection before it is open", async () => {
  const connector = undiciConnector("tcp://127.0.0.1:1", { ...trust, signal: AbortSignal.abort() });
  const target = { hostname: "device.example", port: "", protocol: "https:" };
  const error = await new Promise((resolve) => connector(target, (...[failure]) => resolve(failure)));
  expect(error).toBeInstanceOf(Error);
});

test("an agent uses no connection for a request whose server must have another certificate", async () => {
  const server = createHttpServer({ credentials }, (request, response) => response.end(request.headers.host));
  onTestFinished(() => void server.close({ grace: 0 }));
  const { port } = (await server.listenTcp()).address() as AddressInfo;
  const agent = new HttpAgent(`tcp://127.0.0.1:${port}`, trust);
  onTestFinished(() => agent.destroy());
  const ask = (host: string): Promise<unknown> =>
    new Promise((resolve) => {
      const request = get("https://192.0.2.1/", { agent, headers: { host } }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      request.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
  expect(await ask("device.example")).toBe(200);
  while (!Object.keys(agent.freeSockets).length) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await ask("other.example")).toBe("name_mismatch");
});

test("a server that does not listen keeps its headersTimeout", async () => {
  const http = createHttp1({ headersTimeout: 50, connectionsCheckingInterval: 20 }, (_, response) => response.end());
  const server = createHttpServer({ credentials }, http);
  onTestFinished(() => void server.close({ grace: 0 }));
  const { port } = (await server.listenTcp()).address() as AddressInfo;
  const channel = await connect(`tcp://127.0.0.1:${port}`, { ...trust, serverName: "device.example" });
  await channel.write(Buffer.from("GET / HTTP/1.1\r\nhost: device.example\r\n"));
  expect(Buffer.from((await channel.read()) as Uint8Array).toString()).toMatch(/^HTTP\/1.1 408 /);
  channel.abort();
});
