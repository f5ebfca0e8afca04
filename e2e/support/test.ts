import { test as base, expect, PageChannels } from "@handclasp/testing/playwright";
import type { Browser } from "@playwright/test";
import type { Engine, EnginePage } from "./engine.ts";
import { playwrightEngine } from "./playwright.ts";
import { launchWebKit, type WebKitPrograms } from "./webkit.ts";

export { expect };

declare global {
  /** The global of the page of `pageServer`. */
  var handclasp: typeof import("@handclasp/browser");
}

/** The options of a project's engine, which playwright.config.ts sets. */
export type EngineOptions = {
  /** The reason why the engine is not available on this machine. */
  missing: string | undefined;
  /** The programs that drive WebKitGTK. If they are set, they replace Playwright's browser. */
  webKitGtk: WebKitPrograms | undefined;
};

type Fixtures = {
  skipMissing: undefined;
  /** A new page of `pageServer` in the engine. */
  enginePage: EnginePage;
  /**
   * As in `@handclasp/testing/playwright`, but in a page of the engine that all tests of the worker share. A test that
   * changes its page, or leaves it, takes `enginePage`. After a test that fails, Playwright starts another worker.
   */
  channels: PageChannels;
  /** As `channels`, but in `enginePage`. */
  ownChannels: PageChannels;
};

/** Something that runs, such as a server. */
type Service = { close(): Promise<unknown> };

type WorkerFixtures = EngineOptions & {
  engine: Engine;
  /**
   * Starts a service when a test of the worker first needs it, and closes it when the worker ends. A spec has no worker
   * fixture of its own for this, because Playwright would then run it in a worker, and so in a browser, of its own.
   * @param start it identifies the service, so define it outside of tests and fixtures
   */
  shared: <T extends Service, Args extends unknown[]>(
    start: (...args: Args) => Promise<T>,
    ...args: Args
  ) => Promise<T>;
};

/**
 * The `test` of `@handclasp/testing/playwright` with the `engine` of the project. If the engine is not available,
 * Playwright skips the tests with the reason.
 */
export const test = base.extend<Fixtures, WorkerFixtures>({
  missing: [undefined, { option: true, scope: "worker" }],
  webKitGtk: [undefined, { option: true, scope: "worker" }],
  skipMissing: [
    async ({ missing }, use, { project }) => {
      test.skip(missing !== undefined, `${project.name}: ${missing}`);
      await use(undefined);
    },
    { auto: true },
  ],
  // As Playwright's own fixture, but `engine` uses it too, and WebKitGTK is no browser of Playwright.
  browser: [
    async ({ playwright, browserName, webKitGtk }, use) => {
      if (webKitGtk) return use(undefined as unknown as Browser);
      const browser = await playwright[browserName].launch();
      await use(browser);
      await browser.close();
    },
    // On a busy machine, Firefox takes up to 20 s to start. Only a hang reaches this limit.
    { scope: "worker", timeout: 240_000 },
  ],
  engine: [
    async ({ browserName, browser, webKitGtk }, use) => {
      if (!webKitGtk) return use(playwrightEngine(browserName, browser));
      const webKit = await launchWebKit(webKitGtk);
      await use(webKit.engine);
      await webKit.close();
    },
    { scope: "worker", timeout: 240_000 },
  ],
  // Pages of the engine are services too, so the engine ends last.
  shared: [
    async ({ engine: _ }, use) => {
      const services = new Map<unknown, Promise<Service>>();
      await use((start, ...args) => {
        const service = services.get(start) ?? start(...args);
        services.set(start, service);
        return service as ReturnType<typeof start>;
      });
      for (const service of services.values()) await (await service).close();
    },
    { scope: "worker" },
  ],
  enginePage: async ({ engine, pageServer }, use) => {
    const page = await engine.open(pageServer.url);
    await use(page);
    await page.close();
  },
  channels: async ({ shared, engine, pageServer, ca }, use) => {
    const page = await shared(openPage, engine, pageServer.url);
    await use(new PageChannels(page, { ca: ca.pem }));
  },
  ownChannels: async ({ enginePage, ca }, use) => use(new PageChannels(enginePage, { ca: ca.pem })),
});

const openPage = (engine: Engine, url: string): Promise<EnginePage> => engine.open(url);
