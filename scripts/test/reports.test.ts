import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "../lib/process.mjs";
import { readReport } from "../lib/reports.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "handclasp-reports-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(runner: "vitest" | "playwright", report: object | string, ok: boolean, noSkip = false) {
  const path = join(folder, "report.json");
  writeFileSync(path, typeof report === "string" ? report : JSON.stringify(report));
  return readReport(runner, path, ok, noSkip);
}

const vitest = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};
const playwright = { stats: { expected: 3, unexpected: 0, flaky: 0, skipped: 2 }, errors: [] };
const empty = {
  vitest: { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] },
  playwright: { stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, errors: [] },
};

describe("readReport", () => {
  it.each([
    ["vitest", vitest],
    ["playwright", playwright],
  ] as const)("counts the passed and the skipped tests of %s", (runner, report) => {
    expect(read(runner, report, true)).toMatchObject({ passed: 3, failed: 0, skipped: 2 });
  });

  it("counts vitest's failed tests, and the files that it could not load, as failures", () => {
    const testResults = [
      { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] },
      { status: "failed", assertionResults: [] },
    ];
    expect(read("vitest", { ...vitest, numFailedTests: 1, testResults }, false)).toMatchObject({
      passed: 3,
      failed: 2,
    });
  });

  it("counts Playwright's failed tests, flaky tests and errors outside the tests as failures", () => {
    const report = {
      stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 0 },
      errors: [{ message: "no such file" }],
    };
    expect(read("playwright", report, false)).toMatchObject({ passed: 3, failed: 3 });
  });

  it.each([
    ["vitest", vitest],
    ["playwright", playwright],
  ] as const)("counts a failure if %s exits with an error, even if no test failed", (runner, report) => {
    expect(read(runner, report, false)).toMatchObject({ passed: 3, failed: 1 });
  });

  it.each(["vitest", "playwright"] as const)("counts a failure if %s ran no test", (runner) => {
    expect(read(runner, empty[runner], true)).toMatchObject({ passed: 0, failed: 1, note: "no test ran" });
  });

  it.each(["", "{"])("counts a failure if the report is empty or incomplete: %j", (text) => {
    expect(read("vitest", text, true)).toMatchObject({ passed: 0, failed: 1 });
  });

  describe("with noSkip", () => {
    const test = (status: string, title: string, ...ancestorTitles: string[]) => ({ status, title, ancestorTitles });
    it("counts vitest's skipped tests as failures and names their titles, which have the reason", () => {
      const assertionResults = [
        test("skipped", "one", "no openssl"),
        test("skipped", "another", "no openssl"),
        test("passed", "RSA", "vectors"),
        test("skipped", "AES: no vectors", "vectors"),
        test("todo", "alone"),
      ];
      const testResults = [{ name: join(root, "packages/a.test.ts"), status: "passed", assertionResults }];
      const report = { ...vitest, numPendingTests: 3, testResults };
      expect(read("vitest", report, true, true)).toEqual({
        passed: 3,
        failed: 4,
        skipped: 0,
        note: "3 passed, 4 failed",
        missing: [
          "missing, so 2 skipped: packages/a.test.ts: no openssl > one",
          "missing, so 1 skipped: packages/a.test.ts: vectors > AES: no vectors",
          "missing, so 1 skipped: packages/a.test.ts: alone",
        ],
      });
      expect(read("vitest", report, true)).toMatchObject({ failed: 0, skipped: 4, missing: [] });
    });

    it("counts Playwright's skipped tests as failures and names the reason in their annotations", () => {
      const spec = (title: string, status: string, ...annotations: object[]) => ({
        file: "a.spec.ts",
        title,
        tests: [{ status, annotations }],
      });
      const reason = { type: "skip", description: "webkit: not available" };
      const suites = [
        {
          specs: [spec("sends", "expected"), spec("receives", "skipped", reason)],
          suites: [{ specs: [spec("closes", "skipped", reason)] }],
        },
      ];
      expect(read("playwright", { ...playwright, suites }, true, true)).toMatchObject({
        passed: 3,
        failed: 2,
        skipped: 0,
        missing: ["missing, so 2 skipped: a.spec.ts: webkit: not available"],
      });
    });
  });
});
