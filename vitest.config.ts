import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { chromiumArgs } from "./scripts/lib/chromiumArgs.mjs";

const interop = ["{packages,examples}/*/test/**/*.interop.test.ts"];
const browser = ["packages/*/test/**/*.browser.test.ts"];

/** A hang ends after these; nothing that only takes its time on a busy machine does. */
const patience = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 90_000 } } };

export default defineConfig({
  test: {
    reporters: process.env.HANDCLASP_REPORT
      ? ["default", ["json", { outputFile: process.env.HANDCLASP_REPORT }]]
      : ["default"],
    coverage: { include: ["packages/*/src/**"], reporter: ["text-summary", "html"] },
    projects: [
      {
        // On the sources, so that nothing has to be built first.
        ssr: { resolve: { conditions: ["handclasp-source", ...defaultServerConditions] } },
        test: {
          name: "unit",
          include: ["{packages/*,examples/*,scripts,tools}/test/**/*.test.ts"],
          exclude: [...interop, ...browser, "**/node_modules/**"],
          maxWorkers: "100%", // the default leaves one core idle: half of a machine with two
          ...patience,
        },
      },
      {
        // On dist, loaded by Node itself as a user would: against real peers, a few at a time.
        test: {
          name: "interop",
          include: interop,
          server: { deps: { external: [/\/dist\//] } },
          maxWorkers: 1,
          ...patience,
        },
      },
      {
        // On the sources, in a real browser: what only its WebCrypto and WebSocket can tell.
        resolve: { conditions: ["handclasp-source", ...defaultClientConditions] },
        test: {
          name: "browser",
          globalSetup: ["packages/browser/test/transport/relay.ts", "packages/conformance/test/x509/corpus.ts"],
          include: browser,
          ...patience,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: chromiumArgs,
                ...(process.env.HANDCLASP_CHROMIUM && { executablePath: process.env.HANDCLASP_CHROMIUM }),
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
