/**
 * One suite, three engines. `*.spec.ts` use the `engine` of support/test.ts and run in all of them; `*.page.spec.ts` use
 * Playwright's own `page`, which WebKitGTK has not. What is tagged `@chromium-only` is more than a smaller matrix needs. Paths come from scripts/lib/provision.mjs: `pnpm test:e2e`.
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
const ownWebKit = driver === webkit.executablePath();

export default defineConfig<unknown, EngineOptions>({
  testDir: "specs",
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  // A hang ends after these; nothing that only takes its time on a busy machine does.
  timeout: 240_000,
  expect: { timeout: 90_000 },
  reporter: outputFile ? [["list"], ["json", { outputFile }]] : [["list"]],
  projects: [
    {
      name: "chromium",
      use: {
        browserName: "chromium",
        launchOptions: { args: chromiumArgs, ...(chromiumPath && { executablePath: chromiumPath }) },
        missing: reasons.chromium,
      },
    },
    {
      name: "firefox",
      grepInvert: /@chromium-only/,
      use: {
        browserName: "firefox",
        // A stock Firefox speaks WebDriver BiDi, which the prefix "moz-" asks for.
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
      testIgnore: ownWebKit ? [] : "**/*.page.spec.ts",
      use: {
        browserName: "webkit",
        webKitGtk: driver && miniBrowser && xvfb ? { driver, miniBrowser, xvfb } : undefined,
        missing: reasons.webkit,
      },
    },
  ],
});
