/** The settings of the tests that docs/guide/playwright.md shows. scripts/consumers.mjs puts them into this folder. */
import { defineConfig } from "@playwright/test";

const executablePath = process.env.HANDCLASP_CHROMIUM;
const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

export default defineConfig({
  workers: 1,
  timeout: 240_000, // only a hang reaches these limits
  expect: { timeout: 90_000 },
  reporter: "list",
  use: { browserName: "chromium", launchOptions: { args, ...(executablePath && { executablePath }) } },
});
