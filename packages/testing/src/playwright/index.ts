/**
 * Fixtures and matchers for tests with Playwright: a CA, servers, faults of the network, and channels in a page.
 * @module
 */
import {
  test as base,
  type Expect,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  expect as playwrightExpect,
  type TestType,
} from "@playwright/test";
import { type TestCa, testCa } from "../certificates.ts";
import { type Fault, type FaultProxy, faultProxy } from "../faults/faultProxy.ts";
import { type TestServer, type TestServerOptions, testServer } from "../server/testServer.ts";
import { type HandclaspMatchers, matchers } from "./matchers.ts";
import { PageChannels } from "./pageChannels.ts";
import { type PageServer, startPageServer } from "./pageServer.ts";

export type { IssuedCertificate, IssueOptions, KeyAlgorithm, TestCa, TestCaOptions } from "../certificates.ts";
export type { Fault, FaultPlace, FaultProxy, FaultSender, NetworkFault, WebSocketFault } from "../faults/faultProxy.ts";
export type { PageConnectOptions, PageReply, PageRequest, PageSession } from "../page/protocol.ts";
export type { TestServer, TestServerOptions } from "../server/testServer.ts";
export type { ChannelLike, ExpectedSession, HandclaspMatchers } from "./matchers.ts";
export { type PageChannel, PageChannels, PageError, type ScriptedPage } from "./pageChannels.ts";
export { type PageServer, startPageServer } from "./pageServer.ts";

/** The fixtures of each test. */
export interface HandclaspFixtures {
  /** The options of `server`: `test.use({ serverOptions: { respond: "messages" } })`. */
  serverOptions: TestServerOptions;
  /** A server whose certificate `ca` issued. By default, it echoes. */
  server: TestServer;
  /** Starts one more server whose certificate `ca` issued. It is closed after the test. */
  startServer: (options?: TestServerOptions) => Promise<TestServer>;
  /** Starts a proxy that makes faults of a network, to `server` or another one. It is closed after the test. */
  startProxy: (fault?: Fault, server?: TestServer) => Promise<FaultProxy>;
  /** Opens channels in `page`, in an empty page of localhost. They trust `ca`, unless their options say otherwise. */
  channels: PageChannels;
}

/** The fixtures that all tests of a worker share. */
export interface HandclaspWorkerFixtures {
  /** A throw-away CA. */
  ca: TestCa;
  /** The server of the page in which `channels` opens channels. */
  pageServer: PageServer;
}

/**
 * Playwright's `test` with our fixtures. To add them to a `test` of your own, use `mergeTests` of Playwright.
 * @example
 * test("an echo", async ({ server, channels }) => {
 *   const channel = await channels.connect(server.url);
 *   expect(await channel.echo("hello")).toBe("hello");
 * });
 */
export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & HandclaspFixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & HandclaspWorkerFixtures
> = base.extend<HandclaspFixtures, HandclaspWorkerFixtures>({
  // Playwright requires a pattern, and the linters require a name in it.
  ca: [async ({ browserName: _ }, use) => use(await testCa()), { scope: "worker" }],
  pageServer: [
    async ({ browserName: _ }, use) => {
      const server = await startPageServer();
      await use(server);
      await server.close();
    },
    { scope: "worker" },
  ],
  serverOptions: [{}, { option: true }],
  startServer: async ({ ca }, use) => {
    const servers: TestServer[] = [];
    await use(async (options = {}) => {
      const server = await testServer({ ca, ...options });
      servers.push(server);
      return server;
    });
    await Promise.all(servers.map((server) => server.close()));
  },
  server: async ({ startServer, serverOptions }, use) => use(await startServer(serverOptions)),
  startProxy: async ({ server }, use) => {
    const proxies: FaultProxy[] = [];
    await use(async (fault, { port: target, transport } = server) => {
      const proxy = await faultProxy({ target, transport, ...(fault && { fault }) });
      proxies.push(proxy);
      return proxy;
    });
    await Promise.all(proxies.map((proxy) => proxy.close()));
  },
  channels: async ({ page, pageServer, ca }, use) => {
    await page.goto(pageServer.url);
    await use(new PageChannels(page, { ca: ca.pem }));
  },
});

/** Playwright's `expect` with our matchers. To add them to your own `expect`, use `mergeExpects` of Playwright. */
export const expect: Expect<HandclaspMatchers> = playwrightExpect.extend(matchers);
