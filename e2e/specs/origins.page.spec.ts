/**
 * Checks in Chromium which pages of other origins may connect to a server. Names under `.example` resolve to this
 * computer, as an attacker's names could (DNS rebinding). An argument in playwright.config.ts makes them do so.
 */
import type { ListenWebSocketOptions, TlsError } from "@handclasp/node";
import { test as base, expect } from "../support/test.ts";

const test = base.extend<{
  /** The port of a server that serves a page under every host name. */
  pagePort: string;
}>({
  pagePort: async ({ pageServer }, use) => use(new URL(pageServer.url).port),
});

const chromiumOnly = { tag: "@chromium-only" };
const appOrigin = (pagePort: string): string => `http://app.example:${pagePort}`;

for (const [name, host, target, options, code] of [
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
    async ({ page, pagePort, startServer }) => {
      const { port, errors } = await startServer({ ...options(pagePort), respond: (channel) => channel.close() });
      await page.goto(`http://${host}:${pagePort}/`);
      const opened = await page.evaluate(
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
      for (const { message } of refusals) expect(message).toContain(`Origin "http://${host}:${pagePort}"`);
    },
  );
}

test(
  "a sandboxed page of the same host, whose origin is null, is refused with origin_refused",
  chromiumOnly,
  async ({ page, pagePort, server: { port, errors } }) => {
    await page.goto(`http://localhost:${pagePort}/`);
    await page.evaluate((url) => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts");
      frame.srcdoc = `<script>new WebSocket("${url}")</script>`;
      document.body.append(frame);
    }, `ws://localhost:${port}/`);
    await expect
      .poll(() => errors)
      .toMatchObject([{ code: "origin_refused", advice: expect.stringContaining('["null"]') }]);
  },
);
