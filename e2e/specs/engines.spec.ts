import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "../support/test.ts";

let server: Server;
test.beforeAll(async () => {
  server = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html><p>hello"),
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
test.afterAll(() => {
  server.close();
});

test("the engine has WebSocket and WebCrypto, which Handclasp uses, and reports errors of the page", async ({
  engine,
}) => {
  const page = await engine.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const found = await page.evaluate(
    async (bytes) => ({
      text: document.body.textContent?.trim(),
      webSocket: typeof WebSocket,
      digest: (await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).byteLength,
    }),
    [1, 2, 3],
  );
  expect(found).toEqual({ text: "hello", webSocket: "function", digest: 32 });
  await expect(page.evaluate(() => Promise.reject(new Error("on purpose")))).rejects.toThrow("on purpose");
  await page.close();
});

test("two pages of the engine share no state", async ({ engine }) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const pages = await Promise.all([engine.open(url), engine.open(url)]);
  const [first, second] = pages;
  await first?.evaluate(() => localStorage.setItem("who", "first"));
  expect(await second?.evaluate(() => localStorage.getItem("who"))).toBeNull();
  await Promise.all(pages.map((page) => page.close()));
});
