/**
 * Pages of other origins, in Chromium: which of them reach a server that listens as it does by default. Names under
 * `.example` lead to this computer, as those of somebody who means harm could.
 */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ListenWebSocketOptions,
  nodeCredential,
  createServer as startServer,
  type TlsError,
} from "@handclasp/node";
import { testCa } from "@handclasp/testing";
import type { Browser } from "@playwright/test";
import { test as base, expect } from "../support/test.ts";

type Fixtures = {
  /** The port of a page of no content, whatever its name is. */
  pages: number;
  /** Starts a server at 127.0.0.1; gives its port, and what its onError is told. */
  serve: (options: ListenWebSocketOptions) => Promise<{ port: number; told: TlsError[] }>;
};

const test = base.extend<Fixtures, { fooled: Browser }>({
  fooled: [
    async ({ playwright, launchOptions }, use) => {
      const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP *.example 127.0.0.1"];
      const browser = await playwright.chromium.launch({ ...launchOptions, args });
      await use(browser);
      await browser.close();
    },
    { scope: "worker", timeout: 240_000 },
  ],
  pages: async ({ missing: _ }, use) => {
    const http = createHttpServer((_request, response) =>
      response.setHeader("content-type", "text/html").end("<!doctype html><title>a page</title>"),
    );
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    await use((http.address() as AddressInfo).port);
    http.closeAllConnections();
    await new Promise((closed) => http.close(closed));
  },
  serve: async ({ missing: _ }, use) => {
    const ca = await testCa();
    const credentials = [nodeCredential(await ca.issue())];
    const servers: ReturnType<typeof startServer>[] = [];
    await use(async (options) => {
      const told: TlsError[] = [];
      const onError = (error: unknown): void => void told.push(error as TlsError);
      const server = startServer({ credentials, onError }, (channel) => channel.close());
      servers.push(server);
      const { port } = (await server.listenWebSocket(options)).address() as AddressInfo;
      return { port, told };
    });
    for (const server of servers) await server.close({ grace: 0 });
  },
});

const chromiumOnly = { tag: "@chromium-only" };
const app = (pages: number): string => `http://app.example:${pages}`;

for (const [what, page, target, options, code] of [
  ["a page on another port of the same host", "localhost", "localhost", () => ({})],
  ["a page of another host", "app.example", "127.0.0.1", () => ({}), "origin_refused"],
  ["a page of another name of this computer", "localhost", "127.0.0.1", () => ({}), "origin_refused"],
  ["a page of another host, by name", "app.example", "127.0.0.1", (pages) => ({ origins: [app(pages)] })],
  [
    "a page of another host than the one by name",
    "evil.example",
    "127.0.0.1",
    (pages) => ({ origins: [app(pages)] }),
    "origin_refused",
  ],
  ["a page whose name was pointed here", "evil.example", "evil.example", () => ({}), "host_refused"],
  ["a page whose name is one of ours", "app.example", "app.example", () => ({ hosts: ["app.example"] })],
] as readonly [string, string, string, (pages: number) => ListenWebSocketOptions, string?][]) {
  test(`${what}: ${code ?? "gets in"}`, chromiumOnly, async ({ fooled, pages, serve }) => {
    const { port, told } = await serve(options(pages));
    const tab = await fooled.newPage();
    await tab.goto(`http://${page}:${pages}/`);
    const opened = await tab.evaluate(
      (url) =>
        new Promise<boolean>((resolve) => {
          const ws = new WebSocket(url);
          ws.onopen = () => resolve(true);
          ws.onerror = () => resolve(false);
        }),
      `ws://${target}:${port}/`,
    );
    expect(opened).toBe(code === undefined);
    const refusals = told.filter((error) => error.code.endsWith("_refused"));
    expect(refusals.map((error) => error.code)).toEqual(code === undefined ? [] : [code]);
    for (const { message } of refusals) expect(message).toContain(`Origin "http://${page}:${pages}"`);
    await tab.close();
  });
}

test("a page without an origin, of the same server: origin_refused", chromiumOnly, async ({ fooled, pages, serve }) => {
  const { port, told } = await serve({});
  const tab = await fooled.newPage();
  await tab.goto(`http://localhost:${pages}/`);
  await tab.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.sandbox.add("allow-scripts");
    frame.srcdoc = `<script>new WebSocket("${url}")</script>`;
    document.body.append(frame);
  }, `ws://localhost:${port}/`);
  await expect
    .poll(() => told)
    .toMatchObject([{ code: "origin_refused", advice: expect.stringContaining('["null"]') }]);
  await tab.close();
});
