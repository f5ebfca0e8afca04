/** `npm test`: runs every check and every test, and prints the duration of each part and the totals. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./checks.mjs";
import { installPeers } from "./peers.mjs";
import { install } from "./pnpm.mjs";
import { run } from "./process.mjs";
import { provision } from "./provision.mjs";
import { readReport } from "./reports.mjs";
import { parts, step, timeTable } from "./steps.mjs";

/** @import { Counts } from "./reports.mjs" */
/** @import { StepResult } from "./steps.mjs" */

/** With `HANDCLASP_NO_SKIP=1`, `npm test` also installs every peer, and counts a skipped test as a failure. */
const noSkip = process.env.HANDCLASP_NO_SKIP === "1";

/** @returns {Promise<boolean>} whether no check and no test failed */
export async function runTests() {
  const started = performance.now();
  const reports = mkdtempSync(join(tmpdir(), "handclasp-reports-"));
  try {
    const total = sum(await runAll(reports));
    console.log(timeTable(parts, (performance.now() - started) / 1000));
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
    console.log(`${total.passed} passed, ${total.failed} failed${skipped}`); // CI reads this last line
    return total.failed === 0;
  } finally {
    rmSync(reports, { recursive: true });
  }
}

/**
 * @param {string} reports the folder for the runners' reports
 * @returns {Promise<Counts[]>}
 */
async function runAll(reports) {
  /** @type {Counts[]} */
  const counts = [];
  const check = async (/** @type {string} */ name, /** @type {() => Promise<StepResult>} */ action) => {
    const { ok } = await step(name, action);
    counts.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
    return ok;
  };
  /**
   * @type {(name: string, runner: "vitest" | "playwright", args: string[], env?: NodeJS.ProcessEnv) => Promise<void>}
   */
  const test = async (name, runner, args, env = {}) => {
    const report = join(reports, `${name}.json`);
    const { testCounts } = await step(name, async () => {
      const { ok, output } = await run(runner, args, { env: { ...env, HANDCLASP_REPORT: report }, minutes: 30 });
      const testCounts = readReport(runner, report, ok, noSkip);
      const { note, missing } = testCounts;
      return { ok: testCounts.failed === 0, output: [output.trimEnd(), ...missing].join("\n"), note, testCounts };
    });
    counts.push(testCounts);
  };

  if (!(await check("install", install))) return counts;
  // The installation of browsers mostly waits, so it runs at the same time as the parts that need no browser.
  const provisioning = provision();
  await runChecks(check, provisioning);
  await test("unit", "vitest", ["run", "--project", "unit*"]);
  const { env, missing } = await provisioning;
  if (noSkip) await check("peers", () => installPeers("interop", "scan"));
  await test("interop", "vitest", ["run", "--project", "interop"], env);
  if (missing.chromium) counts.push({ passed: 0, failed: 1, skipped: 0 });
  else await test("browser", "vitest", ["run", "--project", "browser"], env);
  await test("e2e", "playwright", ["test", "-c", "e2e"], env);
  for (const [name, reason] of Object.entries(missing)) {
    console.log(`${noSkip ? "missing" : "skipped"}: ${name}, ${reason}`);
  }
  return counts;
}

/** @param {Counts[]} all */
function sum(all) {
  const add = (/** @type {keyof Counts} */ key) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: add("passed"), failed: add("failed"), skipped: add("skipped") };
}
