import type { Browser } from "@playwright/test";
import type { Engine } from "./engine.ts";

/** Returns an engine that Playwright drives. */
export function playwrightEngine(name: Engine["name"], browser: Browser): Engine {
  return {
    name,
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return {
        // Send the function as text, as WebDriver does, so that a function behaves in the same way in every engine.
        evaluate: (inPage, arg) => page.evaluate(`(${inPage.toString()})(${JSON.stringify(arg ?? null)})`),
        screenshot: async (path) => void (await page.screenshot({ path, fullPage: true })),
        close: () => page.close(),
      };
    },
  };
}
