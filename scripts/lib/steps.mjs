/** One line for each step, with its duration; a step that fails also prints what it had to say. */

/**
 * @typedef {object} StepResult
 * @property {boolean} ok
 * @property {boolean} [skipped] the step could not be done, and the rest can go on without it
 * @property {string} [note] stands on the step's line
 * @property {string} [output] is printed where the step failed
 */

/**
 * @template {StepResult} Result
 * @param {string} name
 * @param {() => Promise<Result>} action
 * @returns {Promise<Result>}
 */
export async function step(name, action) {
  const started = performance.now();
  const result = await action();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = result.ok ? "ok" : result.skipped ? "skip" : "FAIL";
  console.log(`${verdict.padEnd(4)} ${name.padEnd(12)} ${seconds.padStart(6)} s  ${result.note ?? ""}`.trimEnd());
  if (verdict === "FAIL" && result.output) console.log(result.output.trimEnd().replaceAll(/^/gm, "     | "));
  return result;
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
