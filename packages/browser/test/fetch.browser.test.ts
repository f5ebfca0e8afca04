/** `createFetch` over the WebSocket of a page. The server of raw HTTP runs in the page too, behind the relay. */
import { type TlsConnection, TlsError } from "@handclasp/core/client";
import { accept } from "@handclasp/core/server";
import { testCa } from "@handclasp/testing";
import { expect, inject, test } from "vitest";
import { browserCredential } from "../src/crypto/credential.ts";
import { webCrypto } from "../src/crypto/webCrypto.ts";
import { createFetch } from "../src/fetch.ts";
import { webSocketTransport } from "../src/transport/webSocket.ts";

const relay = inject("relay");
const ca = await testCa();
const issued = await ca.issue();
const ok = "HTTP/1.1 200 OK\r\n";
let pairs = 0;

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Serves one connection, and returns a fetch to it. */
async function fetchFrom(handler: (channel: TlsConnection, request: string) => Promise<unknown>) {
  const id = `fetch${++pairs}`;
  const near = new WebSocket(`${relay}/a/${id}`);
  await new Promise((resolve) => near.addEventListener("open", resolve));
  const credential = await browserCredential(issued);
  accept(webSocketTransport(near), { provider: webCrypto, credentials: [credential], alpn: ["http/1.1"] })
    .then(async (channel) => {
      let request = "";
      for (let bytes = await channel.read(); bytes; bytes = await channel.read()) {
        request += String.fromCharCode(...bytes);
        if (request.includes("chunked") ? request.endsWith("0\r\n\r\n") : request.includes("\r\n\r\n"))
          return handler(channel, request);
      }
      return undefined;
    })
    .catch(() => {});
  return createFetch(`${relay}/b/${id}`, { ca: ca.pem, serverName: "localhost" });
}

const answering = (response: string | Uint8Array) =>
  fetchFrom((channel) => channel.write(typeof response === "string" ? latin1(response) : response));

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  return TlsError.is((error as TypeError).cause) && ((error as TypeError).cause as TlsError).code;
}

test("a response is the page's own Response", async () => {
  const fetch = await answering(`${ok}Set-Cookie: a=b\r\nX-A: b\r\nContent-Length: 14\r\n\r\n{"hello":true}`);
  const response = await fetch("/path#fragment");
  expect(response).toBeInstanceOf(Response);
  expect([response.url, response.type, response.headers.get("x-a")]).toEqual(["https://localhost/path", "basic", "b"]);
  expect(await response.json()).toEqual({ hello: true });
});

test("a program that adds `start` to Object.prototype does not make a transport of an address", async () => {
  const fetch = await answering(`${ok}Content-Length: 1\r\n\r\nx`);
  Object.defineProperty(Object.prototype, "start", { value: () => {}, configurable: true });
  try {
    expect(await (await fetch("/")).text()).toBe("x");
  } finally {
    Reflect.deleteProperty(Object.prototype, "start");
  }
});

test("a stream is sent in chunks, in engines whose Request takes none too", async () => {
  let request = "";
  const fetch = await fetchFrom((channel, text) => {
    request = text;
    return channel.write(latin1(`${ok}Content-Length: 0\r\n\r\n`));
  });
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(latin1("abc"));
      controller.close();
    },
  });
  await fetch("/", { method: "POST", body, duplex: "half", headers: { cookie: "c=d" } });
  expect(request).toContain("cookie: c=d\r\n");
  expect(request).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
});

test("a gzip body is decoded", async () => {
  const packed = new Response(new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip")));
  const bytes = new Uint8Array(await packed.arrayBuffer());
  const head = latin1(`${ok}Content-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n`);
  const fetch = await answering(Uint8Array.from([...head, ...bytes]));
  expect(await (await fetch("/")).text()).toBe("hello");
});

test("an invalid response rejects, and one that is cut fails its body", async () => {
  const folded = await answering(`${ok}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`);
  expect(await codeOf(folded("/"))).toBe("invalid_response");
  const cut = await fetchFrom(async (channel) => {
    await channel.write(latin1(`${ok}Content-Length: 3\r\n\r\nab`));
    await channel.close();
  });
  expect(await codeOf((await cut("/")).text())).toBe("incomplete_response");
});

test("a signal aborts the body", async () => {
  const fetch = await answering(`${ok}Content-Length: 3\r\n\r\nab`);
  const controller = new AbortController();
  const response = await fetch("/", { signal: controller.signal });
  controller.abort();
  await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
});

test("a URL of the page's origin reaches no channel", async () => {
  const fetch = await answering("");
  expect(await codeOf(fetch(new Request("/path")))).toBe("no_route");
});
