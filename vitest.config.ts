import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { chromiumArgs } from "./scripts/lib/chromiumArgs.mjs";
import { isolatedTests } from "./scripts/lib/isolated.mjs";
import { LongestFirst } from "./scripts/lib/longestFirst.mjs";

const interop = ["{packages,examples}/*/test/**/*.interop.test.ts"];
const browser = ["packages/*/test/**/*.browser.test.ts"];

const unit = ["{packages/*,examples/*,scripts,site,tools}/test/**/*.test.ts"];
const isolated = isolatedTests();

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Time limits that only a hang reaches, even on a busy machine. */
const timeouts = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 90_000 } } };

function unitTests(
  name: string,
  { include, exclude, isolate }: { include: string[]; exclude: string[]; isolate: boolean },
): TestProjectInlineConfiguration {
  return {
    ssr: { resolve: { conditions: ["handclasp-source", ...defaultServerConditions] } },
    test: {
      name,
      include,
      exclude: [...exclude, ...interop, ...browser, "**/node_modules/**"],
      isolate,
      setupFiles: isolate ? [] : ["packages/core/test/freshTurn.ts"],
      maxWorkers: "100%", // the default leaves one core idle, which is half of a machine with two cores
      maxConcurrency: 24, // the concurrent tests mostly wait
      ...timeouts,
    },
  };
}

export default defineConfig({
  test: {
    reporters: process.env.HANDCLASP_REPORT
      ? ["default", ["json", { outputFile: process.env.HANDCLASP_REPORT }]]
      : ["default"],
    sequence: { sequencer: LongestFirst },
    coverage: { include: ["packages/*/src/**"], reporter: ["text-summary", "html"] },
    projects: [
      // Unit tests run on the sources, so they need no build. Most share one module graph in each process: loading the
      // sources anew for each file takes longer than the tests. Those that change modules, globals or time do not.
      unitTests("unit", { include: unit, exclude: isolated, isolate: false }),
      unitTests("unit-isolated", { include: isolated, exclude: [], isolate: true }),
      {
        // Interop tests run many files against real peers, which wait for each other: more files at a time than there
        // are cores use them. The tests use dist, which Node.js loads as in a user's program.
        test: {
          name: "interop",
          include: interop,
          server: { deps: { external: [/\/dist\//] } },
          maxWorkers: 3,
          ...timeouts,
        },
      },
      {
        // Browser tests run on the sources, in a real browser, with its WebCrypto and WebSocket.
        resolve: {
          conditions: ["handclasp-source", ...defaultClientConditions],
          alias: { "bare-http-parser": path("packages/fetch/node_modules/bare-http-parser/index.js") },
        },
        // The parser of @handclasp/fetch needs the object that the package's build gives it.
        optimizeDeps: {
          include: ["bare-http-parser"],
          rolldownOptions: { transform: { inject: { Buffer: [path("packages/fetch/src/buffer.ts"), "Buffer"] } } },
        },
        test: {
          name: "browser",
          globalSetup: ["packages/browser/test/transport/relay.ts", "packages/conformance/test/x509/corpus.ts"],
          include: browser,
          ...timeouts,
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
