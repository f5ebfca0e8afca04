import { test as base, expect } from "@playwright/test";
import type { Engine } from "./engine.ts";
import { playwrightEngine } from "./playwright.ts";
import { launchWebKit, type WebKitPrograms } from "./webkit.ts";

export { expect };

/** What playwright.config.ts says of a project's engine. */
export type EngineOptions = {
  /** Why the engine is not to be had on this machine. */
  missing: string | undefined;
  /** Drives WebKitGTK with these, instead of Playwright's browser. */
  webKitGtk: WebKitPrograms | undefined;
};

type WorkerFixtures = EngineOptions & { engine: Engine };

/** Playwright's `test` with the `engine` of the project; skipped, with the reason, where that is not to be had. */
export const test = base.extend<{ skipMissing: undefined }, WorkerFixtures>({
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
    { scope: "worker", timeout: 240_000 }, // Firefox takes up to 20 s on a busy machine
  ],
});
