/** `createFetch` of a page, to an HTTP server of Node.js in a channel, and to a server of raw bytes. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { deflateSync, gzipSync } from "node:zlib";
import type { TlsConnection } from "@handclasp/node";
import type { TestCa } from "@handclasp/testing";
import { testServer } from "@handclasp/testing/server";
import type { EnginePage } from "../support/engine.ts";
import type { FetchServer } from "../support/fetching.ts";
import { startScriptPage } from "../support/scriptPage.ts";
import { test as base, expect } from "../support/test.ts";

const text = "hello ".repeat(5000);
const ok = "HTTP/1.1 200 OK\r\n";

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.replace(/\?.*/, "");
  const { headers } = request;
  if (path === "/json") response.end(JSON.stringify({ headers }));
  else if (path === "/gzip") response.setHeader("content-encoding", "gzip").end(gzipSync(text));
  else if (path === "/deflate") response.setHeader("content-encoding", "deflate").end(deflateSync(text));
  else if (path === "/moved") response.writeHead(302, { location: "/gzip" }).end();
  else if (path === "/none") response.writeHead(404, "Nothing").end("none");
  else if (path === "/endless") response.write(Buffer.alloc(1000));
  else if (path === "/echo") {
    response.setHeader("content-type", headers["content-type"] ?? "");
    response.setHeader("x-type", headers["content-type"] ?? "none");
    response.setHeader("x-framing", headers["content-length"] ?? headers["transfer-encoding"] ?? "none");
    request.pipe(response);
  }
}

/** Responses of the raw server, and their outcomes. */
const raw: Readonly<Record<string, readonly [response: string, outcome: string]>> = {
  "/valid": [`${ok}Content-Length: 2\r\n\r\nab`, "resolved ab"],
  "/closed": [`${ok}\r\nabc`, "resolved abc"],
  "/folded": [`${ok}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`, "TypeError invalid_response"],
  "/lf": [`${ok}A: b\nContent-Length: 0\r\n\r\n`, "TypeError invalid_response"],
  "/both": [
    `${ok}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    "TypeError invalid_response",
  ],
  "/plus": [`${ok}Content-Length: +2\r\n\r\nab`, "TypeError invalid_response"],
  "/nul": [`${ok}A: b\0\r\nContent-Length: 0\r\n\r\n`, "TypeError invalid_response"],
  "/two": [`${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`, "TypeError invalid_response"],
  "/large": [`${ok}A: ${"b".repeat(2e6)}\r\n\r\n`, "TypeError response_too_large"],
  "/cut": [`${ok}Content-Length: 3\r\n\r\nab`, "TypeError incomplete_response"],
  "/elsewhere": [
    `HTTP/1.1 302 Found\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n`,
    "TypeError no_route",
  ],
};

async function serveRaw(channel: TlsConnection): Promise<void> {
  const request = Buffer.from((await channel.read()) ?? []).toString();
  const [response = ""] = raw[request.split(" ")[1] ?? ""] ?? [];
  await channel.write(Buffer.from(response, "latin1"));
  await channel.close();
}

type Service = Readonly<Record<"http" | "raw", FetchServer>> & { close(): Promise<unknown> };

async function startService(ca: TestCa): Promise<Service> {
  const http = createHttpServer(answer);
  const passOn = ({ readable, writable }: TlsConnection): void => {
    // A client that aborts makes the stream fail.
    const duplex = Duplex.fromWeb({ readable, writable }).on("error", () => {});
    http.emit("connection", duplex);
  };
  const inChannel = await testServer({ ca, respond: passOn });
  const rawServer = await testServer({ ca, respond: serveRaw });
  return {
    http: { url: inChannel.url, ca: ca.pem },
    raw: { url: rawServer.url, ca: ca.pem },
    close: () => Promise.all([inChannel.close(), rawServer.close()]),
  };
}

const test = base.extend<{ fetchPage: EnginePage; service: Service }>({
  service: async ({ shared, ca }, use) => use(await shared(startService, ca)),
  fetchPage: async ({ engine, shared }, use) => {
    const { url } = await shared(startScriptPage);
    const page = await engine.open(url);
    await use(page);
    await page.close();
  },
});

test("fetch returns the engine's Response, decoded and redirected", async ({ fetchPage, service }) => {
  expect(await fetchPage.evaluate((arg) => globalThis.fetching.responses(arg), service.http)).toEqual({
    json: [true, "https://localhost/json?a=b", 200, "basic", "a=b", "\xe9", "localhost"],
    gzip: [true, text, "gzip"],
    deflate: text,
    head: [200, null],
    moved: ["https://localhost/gzip", true, text],
    none: [404, "Nothing", "none", "https://localhost/none"],
  });
});

test("fetch sends bodies of all kinds, streams too", async ({ fetchPage, service }) => {
  const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString("base64");
  expect(await fetchPage.evaluate((arg) => globalThis.fetching.bodies(arg), service.http)).toEqual({
    text: ["2", "text/plain;charset=UTF-8", base64("\xe9")],
    bytes: ["3", "none", base64(new Uint8Array([1, 2, 3]))],
    blob: ["4", "text/x", base64("blob")],
    form: [expect.stringMatching(/^\d+$/), "multipart/form-data; boundary", ["name", "file"]],
    params: ["5", "application/x-www-form-urlencoded;charset=UTF-8", base64("a=b+c")],
    stream: ["chunked", "none", base64("abcd")],
    request: base64("request"),
  });
});

test("fetch aborts before the request, while it waits, and while the body arrives", async ({ fetchPage, service }) => {
  expect(await fetchPage.evaluate((arg) => globalThis.fetching.aborts(arg), service.http)).toEqual({
    before: "AbortError",
    whileWaiting: "AbortError",
    first: 1000,
    whileStreaming: "RangeError",
  });
});

test("fetch refuses hostile responses", async ({ fetchPage, service }) => {
  for (const [path, [, outcome]] of Object.entries(raw))
    expect([
      path,
      await fetchPage.evaluate((arg) => globalThis.fetching.outcome(arg), { ...service.raw, path }),
    ]).toEqual([path, outcome]);
});
