/** One line for each step, with its duration; a step that fails also prints what it had to say. */

/**
 * @typedef {object} StepResult
 * @property {boolean} ok
 * @property {boolean} [skipped] the step could not be done, and the rest can go on without it
 * @property {string} [note] stands on the step's line
 * @property {string} [output] is printed where the step failed
 */

/** @typedef {{name: string, seconds: number, note: string}} Part what a step took, and its note */

/** @type {Part[]} every step that has ended, in the order in which they ended */
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
 * What took how long, the longest part first. Some parts run side by side, so they add up to more than the whole.
 *
 * @param {readonly Part[]} parts
 * @param {number} seconds of the whole
 */
export function timeTable(parts, seconds) {
  const rows = [...parts].sort((one, other) => other.seconds - one.seconds);
  const whole = { name: "whole run", seconds, note: "parts that ran side by side add up to more" };
  return ["time by part", ...[...rows, whole].map((part) => `     ${partLine(part)}`)].join("\n");
}

/** @param {Part} part */
function partLine({ name, seconds, note }) {
  return `${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${note}`.trimEnd();
}

/**
 * Runs tasks, a few at a time, and returns their results in the order of the tasks.
 *
 * @template T
 * @param {number} limit
 * @param {(() => Promise<T>)[]} tasks
 * @returns {Promise<T[]>}
 */
export async function atMost(limit, tasks) {
  /** @type {T[]} */
  const results = [];
  const queue = tasks.entries(); // one queue, from which every worker takes
  const worker = async () => {
    for (const [i, task] of queue) results[i] = await task();
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
