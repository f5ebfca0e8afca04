import { test as base, expect, PageChannels } from "@handclasp/testing/playwright";
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
  /** As in `@handclasp/testing/playwright`, but in `enginePage`. */
  channels: PageChannels;
};
type WorkerFixtures = EngineOptions & { engine: Engine };

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
  engine: [
    async ({ playwright, browserName, launchOptions, webKitGtk }, use) => {
      if (webKitGtk) {
        const webKit = await launchWebKit(webKitGtk);
        await use(webKit.engine);
        webKit.close();
      } else {
        const browser = await playwright[browserName].launch(launchOptions);
        await use(playwrightEngine(browserName, browser));
        await browser.close();
      }
    },
    // On a busy machine, Firefox takes up to 20 s to start. Only a hang reaches this limit.
    { scope: "worker", timeout: 240_000 },
  ],
  enginePage: async ({ engine, pageServer }, use) => {
    const page = await engine.open(pageServer.url);
    await use(page);
    await page.close();
  },
  channels: async ({ enginePage, ca }, use) => use(new PageChannels(enginePage, { ca: ca.pem })),
});
