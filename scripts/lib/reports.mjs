/**
 * What a test runner's JSON report says, in counts. A runner that ended badly, wrote no report or ran nothing counts as a
 * failure, whatever it reported.
 *
 * @typedef {{passed: number, failed: number, skipped: number}} Counts
 */
import { readFileSync } from "node:fs";

/**
 * @param {"vitest" | "playwright"} runner
 * @param {string} path of the report
 * @param {boolean} ok whether the runner ended well
 * @returns {Counts & {note: string}}
 */
export function readReport(runner, path, ok) {
  const { passed, failed, skipped } = counts(runner, path);
  const note = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
  if (passed + failed + skipped === 0) return { passed, failed: 1, skipped, note: "no test was run" };
  if (!ok && failed === 0) return { passed, failed: 1, skipped, note: `${note}, and an error outside the tests` };
  return { passed, failed, skipped, note };
}

/**
 * @param {"vitest" | "playwright"} runner
 * @param {string} path
 * @returns {Counts}
 */
function counts(runner, path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }; // it never came so far
  }
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
 * A file that could not be loaded has no test that could fail.
 *
 * @param {{status: string, assertionResults: {status: string}[]}} file
 */
function failedOutsideItsTests({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}
