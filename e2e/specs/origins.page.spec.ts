/**
 * Checks in Chromium which pages of other origins may connect to a server. Names under `.example` resolve to this
 * computer, as an attacker's names could (DNS rebinding).
 */
import type { ListenWebSocketOptions, TlsError } from "@handclasp/node";
import type { Browser } from "@playwright/test";
import { test as base, expect } from "../support/test.ts";

type WorkerFixtures = {
  rebindingBrowser: Browser;
  /** The port of a server that serves a page under every host name. */
  pagePort: string;
};

const test = base.extend<object, WorkerFixtures>({
  rebindingBrowser: [
    async ({ playwright, launchOptions }, use) => {
      const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP *.example 127.0.0.1"];
      const browser = await playwright.chromium.launch({ ...launchOptions, args });
      await use(browser);
      await browser.close();
    },
    { scope: "worker", timeout: 240_000 },
  ],
  pagePort: [async ({ pageServer }, use) => use(new URL(pageServer.url).port), { scope: "worker" }],
});

const chromiumOnly = { tag: "@chromium-only" };
const appOrigin = (pagePort: string): string => `http://app.example:${pagePort}`;

for (const [name, page, target, options, code] of [
  ["a page on another port of the same host", "localhost", "localhost", () => ({})],
  ["a page of another host", "app.example", "127.0.0.1", () => ({}), "origin_refused"],
  ["a page of another name of this computer", "localhost", "127.0.0.1", () => ({}), "origin_refused"],
  [
    "a page of another host that is in origins",
    "app.example",
    "127.0.0.1",
    (pagePort) => ({ origins: [appOrigin(pagePort)] }),
  ],
  [
    "a page whose host is not in origins",
    "evil.example",
    "127.0.0.1",
    (pagePort) => ({ origins: [appOrigin(pagePort)] }),
    "origin_refused",
  ],
  ["a page whose name resolves to this computer", "evil.example", "evil.example", () => ({}), "host_refused"],
  ["a page whose name is in hosts", "app.example", "app.example", () => ({ hosts: ["app.example"] })],
] as readonly [
  string,
  string,
  string,
  (pagePort: string) => Pick<ListenWebSocketOptions, "origins" | "hosts">,
  string?,
][]) {
  test(
    `${name} ${code ? `is refused with ${code}` : "may connect"}`,
    chromiumOnly,
    async ({ rebindingBrowser, pagePort, startServer }) => {
      const { port, errors } = await startServer({ ...options(pagePort), respond: (channel) => channel.close() });
      const tab = await rebindingBrowser.newPage();
      await tab.goto(`http://${page}:${pagePort}/`);
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
      const refusals = (errors as readonly TlsError[]).filter((error) => error.code.endsWith("_refused"));
      expect(refusals.map((error) => error.code)).toEqual(code === undefined ? [] : [code]);
      for (const { message } of refusals) expect(message).toContain(`Origin "http://${page}:${pagePort}"`);
      await tab.close();
    },
  );
}

test(
  "a sandboxed page of the same host, whose origin is null, is refused with origin_refused",
  chromiumOnly,
  async ({ rebindingBrowser, pagePort, server: { port, errors } }) => {
    const tab = await rebindingBrowser.newPage();
    await tab.goto(`http://localhost:${pagePort}/`);
    await tab.evaluate((url) => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts");
      frame.srcdoc = `<script>new WebSocket("${url}")</script>`;
      document.body.append(frame);
    }, `ws://localhost:${port}/`);
    await expect
      .poll(() => errors)
      .toMatchObject([{ code: "origin_refused", advice: expect.stringContaining('["null"]') }]);
    await tab.close();
  },
);
