/**
 * What a test runner's JSON report says, in counts. A runner that ended badly, wrote no report or ran nothing counts as a
 * failure, whatever it reported.
 *
 * @typedef {{passed: number, failed: number, skipped: number}} Counts
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./process.mjs";

/** @typedef {"vitest" | "playwright"} Runner */

/**
 * @param {Runner} runner
 * @param {string} path of the report
 * @param {boolean} ok whether the runner ended well
 * @param {boolean} [noSkip] a test that was skipped is a failure
 * @returns {Counts & {note: string, missing: string[]}} `missing` names what was skipped, where that is a failure
 */
export function readReport(runner, path, ok, noSkip = false) {
  const report = read(path);
  const all = report ? counts(runner, report) : { passed: 0, failed: 0, skipped: 0 }; // it never came so far
  const missing = noSkip && report ? namesOf(skippedTests(runner, report)) : [];
  const { passed, failed, skipped } = noSkip ? { ...all, failed: all.failed + all.skipped, skipped: 0 } : all;
  const note = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
  if (passed + failed + skipped === 0) return { passed, failed: 1, skipped, note: "no test was run", missing };
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
    failed: report.numFailedTests + report.testResults.filter(failedOutsideItsTests).length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Where each skipped test stands: its file, and what says why it is skipped.
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
      // A group that is skipped as a whole is named once, by its first test: one of these titles says why.
      const first = groups.has(group)
        ? test
        : skipped.find((/** @type {any} */ one) => one.ancestorTitles[0] === group);
      return `${relative(root, name)}: ${[...first.ancestorTitles, first.title].join(" > ")}`;
    });
  });
}

/**
 * @param {any} suite Playwright's
 * @returns {string[]}
 */
function skippedSpecs({ suites = [], specs = [] }) {
  const own = specs.flatMap((/** @type {any} */ { file, title, tests }) =>
    tests
      .filter((/** @type {any} */ { status }) => status === "skipped")
      .map((/** @type {any} */ { annotations }) => `${file}: ${annotations[0]?.description ?? title}`),
  );
  return [...own, ...suites.flatMap(skippedSpecs)];
}

/** @param {string[]} skipped */
function namesOf(skipped) {
  return [...new Set(skipped)].map((name) => {
    const count = skipped.filter((one) => one === name).length;
    return `missing, so ${count} skipped: ${name}`;
  });
}

/**
 * A file that could not be loaded has no test that could fail.
 *
 * @param {{status: string, assertionResults: {status: string}[]}} file
 */
function failedOutsideItsTests({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}
