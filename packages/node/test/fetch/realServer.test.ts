/** `createFetch` of @handclasp/node against Node's own HTTP servers: over TCP (node:https), and over a WebSocket. */
import { createHash } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect as connectNet, type Server } from "node:net";
import { gzipSync } from "node:zlib";
import { connect, createServer, nodeCredential } from "@handclasp/node";
import { createFetch } from "@handclasp/node/fetch";
import { testCa } from "@handclasp/testing";
import { afterAll, describe, expect, test } from "vitest";

const ca = await testCa();
const issued = await ca.issue({ names: ["localhost"] });
let connections = 0;

function handler(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "", "https://localhost");
  if (pathname === "/echo") {
    response.setHeader("x-length", request.headers["content-length"] ?? "chunked");
    request.pipe(response);
  } else if (pathname === "/gzip") {
    response.setHeader("content-encoding", "gzip").end(gzipSync(JSON.stringify(request.headers)));
  } else if (pathname === "/moved") {
    response.writeHead(302, { location: "/gzip" }).end("moved");
  } else if (pathname === "/hash") {
    const hash = createHash("sha256");
    request.on("data", (bytes: Buffer) => hash.update(bytes)).on("end", () => response.end(hash.digest("hex")));
  } else if (pathname === "/large") {
    let left = 256;
    const more = (): void => {
      while (left-- > 0) if (!response.write(Buffer.alloc(65_536, left))) return void response.once("drain", more);
      response.end();
    };
    more();
  } else if (pathname === "/leave") {
    request.socket.destroy();
  } else {
    response.writeProcessing();
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.writeHead(404, "No", { "x-a": ["b", "c"] }).end("none");
  }
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
};

const https = createHttpsServer({ key: issued.key, cert: issued.cert, maxVersion: "TLSv1.2" }, handler);
https.on("secureConnection", () => connections++);
const http = createHttpServer(handler);
const httpsPort = await listen(https);
const httpPort = await listen(http);

/** A server that passes the bytes of each channel to the HTTP server. */
const tls = createServer({ credentials: [nodeCredential(issued)], alpn: ["http/1.1"] }, async (channel) => {
  connections++;
  const socket = connectNet(httpPort, "127.0.0.1");
  const out = (async () => {
    for await (const bytes of channel)
      if (!socket.write(bytes)) await new Promise((done) => socket.once("drain", done));
    socket.end();
  })().catch(() => {});
  for await (const bytes of socket) await channel.write(bytes as Uint8Array);
  await channel.close();
  await out;
});
const listener = await tls.listenWebSocket();
const wsPort = (listener.address() as AddressInfo).port;

afterAll(async () => {
  await tls.close({ grace: 0 });
  https.closeAllConnections();
  http.closeAllConnections();
  https.close();
  http.close();
});

describe.each([
  ["TCP", `tcp://localhost:${httpsPort}`],
  ["a WebSocket", `ws://localhost:${wsPort}/`],
])("over %s", (_, address) => {
  test("requests share connections", async () => {
    const fetch = createFetch(address, { ca: ca.pem });
    connections = 0;
    const none = await fetch("/none");
    expect([none.status, none.statusText, none.headers.get("x-a"), await none.text()]).toEqual([
      404,
      "No",
      "b, c",
      "none",
    ]);
    const headers = (await (await fetch("/moved")).json()) as Record<string, string>;
    expect(headers["accept-encoding"]).toMatch(/^gzip, deflate/);
    expect(headers.host).toBe(new URL(address).host);
    expect((await fetch("/none", { method: "HEAD" })).body).toBe(null);
    expect(await (await fetch("/echo", { method: "POST", body: "abc" })).text()).toBe("abc");
    expect(connections).toBe(1);
    await fetch.close();
  });

  test("bodies stream in both directions", async () => {
    const fetch = createFetch(address, { ca: ca.pem });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const response = fetch("/echo", { method: "POST", body: readable, duplex: "half" });
    await writer.write(new Uint8Array([1]));
    const reader = (await response).body?.getReader();
    expect((await reader?.read())?.value).toEqual(new Uint8Array([1]));
    await writer.write(new Uint8Array([2]));
    expect((await reader?.read())?.value).toEqual(new Uint8Array([2]));
    await writer.close();
    expect((await reader?.read())?.done).toBe(true);
    expect((await response).headers.get("x-length")).toBe("chunked");
    await fetch.close();
  });

  test("large bodies arrive whole", async () => {
    const fetch = createFetch(address, { ca: ca.pem });
    const sent = new Uint8Array(2 ** 23).map((_, i) => i * 7);
    const hash = await (await fetch("/hash", { method: "PUT", body: new Blob([sent]) })).text();
    expect(hash).toBe(createHash("sha256").update(sent).digest("hex"));
    const received = new Uint8Array(await (await fetch("/large")).arrayBuffer());
    expect(received.length).toBe(256 * 65_536);
    expect(received.every((byte, i) => byte === 255 - (i >> 16))).toBe(true);
    await fetch.close();
  });

  test("a server that leaves rejects the request with a cause", async () => {
    const fetch = createFetch(address, { ca: ca.pem });
    await expect(fetch("/leave")).rejects.toMatchObject({ name: "TypeError", cause: { name: "TlsError" } });
  });

  test("an open channel carries requests", async () => {
    const channel = await connect(address, { ca: ca.pem, alpn: ["http/1.1"] });
    const fetch = createFetch(channel);
    for (let i = 0; i < 2; i++) expect((await fetch("https://localhost/none")).status).toBe(404);
    await fetch.close();
    await channel.closed;
  });
});
