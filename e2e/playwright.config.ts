/**
 * Runs one suite in three engines. `*.page.spec.ts` use Playwright's `page`, which does not exist for WebKitGTK. All
 * other specs use the `engine` of support/test.ts and run in all engines. To save time, tests with the tag
 * `@chromium-only` run only in Chromium. `pnpm test:e2e` sets the paths of the browsers (scripts/lib/provision.mjs).
 */
import { defineConfig, firefox, webkit } from "@playwright/test";
import { chromiumArgs } from "../scripts/lib/chromiumArgs.mjs";
import type { EngineOptions } from "./support/test.ts";

const {
  HANDCLASP_CHROMIUM: chromiumPath,
  HANDCLASP_FIREFOX: firefoxPath,
  HANDCLASP_WEBKIT_DRIVER: driver,
  HANDCLASP_MINIBROWSER: miniBrowser,
  HANDCLASP_XVFB: xvfb,
  HANDCLASP_MISSING: missing = "{}",
  HANDCLASP_REPORT: outputFile,
} = process.env;

const reasons: Record<string, string> = JSON.parse(missing);
/** For origins.page.spec.ts: names under `.example` resolve to this computer. */
const rebinding = "--host-resolver-rules=MAP *.example 127.0.0.1";
const isPlaywrightWebKit = driver === webkit.executablePath();

export default defineConfig<unknown, EngineOptions>({
  testDir: "specs",
  workers: 3, // most tests wait for a browser or for each other's ends, so two cores have room for three
  forbidOnly: process.env.CI !== undefined,
  // Only a hang reaches these limits, even on a busy machine.
  timeout: 240_000,
  expect: { timeout: 90_000 },
  reporter: outputFile ? [["list"], ["json", { outputFile }]] : [["list"]],
  projects: [
    {
      name: "chromium",
      use: {
        browserName: "chromium",
        launchOptions: { args: [...chromiumArgs, rebinding], ...(chromiumPath && { executablePath: chromiumPath }) },
        missing: reasons.chromium,
      },
    },
    {
      name: "firefox",
      grepInvert: /@chromium-only/,
      use: {
        browserName: "firefox",
        // The prefix "moz-" selects WebDriver BiDi, the protocol of a stock Firefox.
        launchOptions:
          firefoxPath && firefoxPath !== firefox.executablePath()
            ? { channel: "moz-firefox", executablePath: firefoxPath, timeout: 120_000 }
            : {},
        missing: reasons.firefox,
      },
    },
    {
      name: "webkit",
      grepInvert: /@chromium-only/,
      testIgnore: isPlaywrightWebKit ? [] : "**/*.page.spec.ts",
      use: {
        browserName: "webkit",
        webKitGtk: driver && miniBrowser && xvfb ? { driver, miniBrowser, xvfb } : undefined,
        missing: reasons.webkit,
      },
    },
  ],
});
