/**
 * http.Server and http.Agent of Node.js over sockets of channels.
 */
import { Agent, createServer as createHttpServer, get, type IncomingMessage, request } from "node:http";
import { connect, createServer, nodeCredential } from "@handclasp/node";
import { type ChannelSocket, toSocket } from "@handclasp/node/socket";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ca, issued } from "./sockets.ts";

const http = createHttpServer((message, response) => {
  const socket = message.socket as ChannelSocket;
  if (message.url === "/cut") return void message.socket.destroy();
  if (message.url !== "/echo") return void response.end(`${message.url} ${socket.encrypted} ${socket.alpnProtocol}`);
  return void message.pipe(response);
});
const server = createServer({ credentials: nodeCredential(issued), alpn: ["http/1.1"] }, (channel) => {
  http.emit("connection", toSocket(channel, { allowHalfOpen: true }));
});
afterAll(() => server.close({ grace: 0 }));

async function body(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe.each(["ws", "tcp"])("HTTP over a channel over %s:", (scheme) => {
  let url: string;
  beforeAll(async () => {
    const listener = await (scheme === "ws" ? server.listenWebSocket() : server.listenTcp());
    url = `${scheme}://127.0.0.1:${(listener.address() as { port: number }).port}`;
  });

  const sockets: ChannelSocket[] = [];
  const open = (): ChannelSocket => {
    const socket = toSocket(connect(url, { ca: ca.pem, serverName: "localhost", alpn: ["http/1.1"] }));
    sockets.push(socket);
    return socket;
  };

  test("an agent keeps a socket for the next request", async () => {
    const agent = new Agent({ keepAlive: true });
    agent.createConnection = open;
    const before = sockets.length;
    for (const path of ["/one", "/two", "/three"]) {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get({ agent, host: "localhost", path }, resolve).on("error", reject);
      });
      expect(String(await body(response))).toBe(`${path} true http/1.1`);
      // The agent takes the socket back in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sockets.length - before).toBe(1);
    agent.destroy();
  });

  test("a body of 8 MiB goes up and comes back", async () => {
    const sent = Buffer.alloc(2 ** 23, "0123456789abcdef");
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ createConnection: open, host: "localhost", path: "/echo", method: "POST" }, resolve)
        .on("error", reject)
        .end(sent);
    });
    expect((await body(response)).equals(sent)).toBe(true);
  });

  test("a request whose server destroys the socket fails as with node:net", async () => {
    const error = await new Promise((resolve) => {
      get({ createConnection: open, host: "localhost", path: "/cut" }, resolve).on("error", resolve);
    });
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });
});
