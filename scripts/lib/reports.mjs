/**
 * Counts the tests in a test runner's JSON report. If the runner exits with an error, writes no report or runs no test,
 * this counts as a failure, even if the report has no failed test.
 *
 * @typedef {{passed: number, failed: number, skipped: number}} Counts
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./process.mjs";

/** @typedef {"vitest" | "playwright"} Runner */

/**
 * @param {Runner} runner
 * @param {string} path the path of the report
 * @param {boolean} ok whether the runner's exit code was 0
 * @param {boolean} [noSkip] whether a skipped test counts as a failure
 * @returns {Counts & {note: string, missing: string[]}} `missing` names the skipped tests if they count as failures
 */
export function readReport(runner, path, ok, noSkip = false) {
  const report = read(path);
  const all = report ? counts(runner, report) : { passed: 0, failed: 0, skipped: 0 };
  const missing = noSkip && report ? namesOf(skippedTests(runner, report)) : [];
  const { passed, failed, skipped } = noSkip ? { ...all, failed: all.failed + all.skipped, skipped: 0 } : all;
  const note = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
  if (passed + failed + skipped === 0) return { passed, failed: 1, skipped, note: "no test ran", missing };
  if (!ok && failed === 0) {
    return { passed, failed: 1, skipped, note: `${note}, and an error outside the tests`, missing };
  }
  return { passed, failed, skipped, note, missing };
}

/** @param {string} path */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * @param {Runner} runner
 * @param {any} report
 * @returns {Counts}
 */
function counts(runner, report) {
  if (runner === "playwright") {
    const { expected, unexpected, flaky, skipped } = report.stats;
    return { passed: expected, failed: unexpected + flaky + report.errors.length, skipped };
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.testResults.filter(failedToLoad).length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Returns a line for each skipped test: its file, and the title or annotation that has the reason.
 *
 * @param {Runner} runner
 * @param {any} report
 * @returns {string[]}
 */
function skippedTests(runner, report) {
  if (runner === "playwright") return report.suites.flatMap(skippedSpecs);
  return report.testResults.flatMap((/** @type {any} */ { name, assertionResults }) => {
    const ran = (/** @type {any} */ { status }) => status === "passed" || status === "failed";
    const groups = new Set(assertionResults.filter(ran).map((/** @type {any} */ test) => test.ancestorTitles[0]));
    const skipped = assertionResults.filter((/** @type {any} */ test) => !ran(test));
    return skipped.map((/** @type {any} */ test) => {
      const [group] = test.ancestorTitles;
      // If all tests of a group are skipped, each is named by the titles of the group's first skipped test, one of
      // which has the reason.
      const first = groups.has(group)
        ? test
        : skipped.find((/** @type {any} */ candidate) => candidate.ancestorTitles[0] === group);
      return `${relative(root, name)}: ${[...first.ancestorTitles, first.title].join(" > ")}`;
    });
  });
}

/**
 * @param {any} suite a suite of Playwright's report
 * @returns {string[]}
 */
function skippedSpecs({ suites = [], specs = [] }) {
  const direct = specs.flatMap((/** @type {any} */ { file, title, tests }) =>
    tests
      .filter((/** @type {any} */ { status }) => status === "skipped")
      .map((/** @type {any} */ { annotations }) => `${file}: ${annotations[0]?.description ?? title}`),
  );
  return [...direct, ...suites.flatMap(skippedSpecs)];
}

/** @param {string[]} skipped */
function namesOf(skipped) {
  return [...new Set(skipped)].map((name) => {
    const count = skipped.filter((other) => other === name).length;
    return `missing, so ${count} skipped: ${name}`;
  });
}

/**
 * Whether a file failed to load: its status is "failed", but no test of it failed.
 *
 * @param {{status: string, assertionResults: {status: string}[]}} file
 */
function failedToLoad({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}
