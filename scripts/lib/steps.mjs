/** Prints one line for each step, with its duration. If the verdict is FAIL, prints the step's output too. */

/**
 * @typedef {object} StepResult
 * @property {boolean} ok
 * @property {boolean} [skipped] whether a failure counts as skipped, because the other steps do not need this one
 * @property {string} [note] a text for the step's line
 * @property {string} [output] the output of the step, which is printed if the verdict is FAIL
 */

/** @typedef {{name: string, seconds: number, note: string}} Part a step's duration and note */

/** @type {Part[]} the steps that have ended, in the order in which they ended */
export const parts = [];

/**
 * @template {StepResult} Result
 * @param {string} name
 * @param {() => Promise<Result>} action
 * @returns {Promise<Result>}
 */
export async function step(name, action) {
  const started = performance.now();
  const result = await action();
  const part = { name, seconds: (performance.now() - started) / 1000, note: result.note ?? "" };
  parts.push(part);
  const verdict = result.ok ? "ok" : result.skipped ? "skip" : "FAIL";
  console.log(`${verdict.padEnd(4)} ${partLine(part)}`);
  if (verdict === "FAIL" && result.output) console.log(result.output.trimEnd().replaceAll(/^/gm, "     | "));
  return result;
}

/**
 * Returns a table of durations, the longest first. Some parts run at the same time, so their sum exceeds the duration
 * of the run.
 *
 * @param {readonly Part[]} parts
 * @param {number} seconds the duration of the run
 */
export function timeTable(parts, seconds) {
  const rows = [...parts].sort((a, b) => b.seconds - a.seconds);
  const total = { name: "total", seconds, note: "less than the sum, because parts run at the same time" };
  return ["time by part", ...[...rows, total].map((part) => `     ${partLine(part)}`)].join("\n");
}

/** @param {Part} part */
function partLine({ name, seconds, note }) {
  return `${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${note}`.trimEnd();
}

/**
 * Runs at most `limit` tasks at a time and returns their results in the order of the tasks.
 *
 * @template T
 * @param {number} limit
 * @param {(() => Promise<T>)[]} tasks
 * @returns {Promise<T[]>}
 */
export async function runConcurrently(limit, tasks) {
  /** @type {T[]} */
  const results = [];
  const queue = tasks.entries(); // all workers take tasks from this iterator
  const worker = async () => {
    for (const [i, task] of queue) results[i] = await task();
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
