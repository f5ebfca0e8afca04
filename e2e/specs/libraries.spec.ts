/** Libraries that take a WebSocket class, unchanged, on classes of ours, in real browsers. */
import { nodeCredential } from "@handclasp/node";
import type { TestCa } from "@handclasp/testing";
import type { EnginePage } from "../support/engine.ts";
import { type Service, startLibrariesService } from "../support/librariesService.ts";
import { test as base, expect } from "../support/test.ts";

const startService = async (ca: TestCa): Promise<Service> => startLibrariesService([nodeCredential(await ca.issue())]);

const test = base.extend<{ service: Service; page_: EnginePage; sockets: { url: string; ca: string } }>({
  service: async ({ shared, ca }, use) => use(await shared(startService, ca)),
  sockets: async ({ service, ca }, use) => use({ url: service.socketUrl, ca: ca.pem }),
  page_: async ({ engine, service }, use) => {
    const page = await engine.open(service.url);
    // The script awaits at its top level, which `load` does not wait for.
    await page.evaluate(async () => {
      while (!globalThis.libraries) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await use(page);
    await page.close();
  },
});

test("reconnecting-websocket opens, echoes, and goes on after a cut", async ({ page_, sockets, service }) => {
  const before = service.upgrades.length;
  expect(await page_.evaluate((arg) => globalThis.libraries.reconnect(arg), sockets)).toEqual([
    "open chat",
    "first",
    [1006, "", false],
    "open chat",
    "again",
    [3000, expect.any(String), true],
  ]);
  expect(service.upgrades.slice(before)).toEqual(["/messages", "/messages"]);
});

test("graphql-ws answers a query and a subscription", async ({ page_, sockets }) => {
  expect(await page_.evaluate((arg) => globalThis.libraries.graphql(arg), sockets)).toEqual({
    hello: { data: { hello: "hello page" } },
    code: 1000,
    counts: Array.from({ length: 20 }, (_, i) => i),
  });
});

test("noVNC shows a desktop over a byte socket", async ({ page_, sockets }) => {
  expect(await page_.evaluate((arg) => globalThis.libraries.vnc(arg), sockets)).toEqual({
    name: "a desktop",
    pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255],
    isClean: true,
  });
});
