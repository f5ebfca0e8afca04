/** The checks of `pnpm check` and `npm test`, as opposed to the tests. */
import { bundle, types } from "./pnpm.mjs";
import { run } from "./process.mjs";
import { runConcurrently } from "./steps.mjs";

/** @type {[name: string, command: string, ...args: string[]][]} */
const commands = [
  ["biome", "biome", "check", "--error-on-warnings"],
  ["oxlint", "oxlint", "--type-aware"],
  ["layers", process.execPath, "tools/layers.mjs"],
  ["knip", "knip"],
  ["english", process.execPath, "tools/english.mjs"],
  ["truth", process.execPath, "tools/truth.mjs"],
  ["examples", process.execPath, "tools/examples.mjs"],
  ["width", process.execPath, "tools/width.mjs"],
  ["api", process.execPath, "tools/api.mjs", "--check"],
  ["publint", process.execPath, "scripts/published.mjs", "publint"],
  ["attw", process.execPath, "scripts/published.mjs", "attw"],
  ["size", process.execPath, "scripts/size.mjs"],
  ["consumers", process.execPath, "scripts/consumers.mjs", "--sample"], // last, because it needs Chromium
];

/**
 * Builds, because the checks api, consumers, publint, attw and size read the build, and then runs the checks, two at a
 * time.
 *
 * @param {(name: string, action: () => Promise<{ok: boolean, output: string}>) => Promise<unknown>} check runs one
 *   step; this function calls it for each step
 * @param {Promise<{env: NodeJS.ProcessEnv}>} [provisioning] the paths of browsers, which may be on their way
 */
export async function runChecks(check, provisioning) {
  await check("types", types);
  await check("build", bundle);
  const tasks = commands.map(
    ([name, command, ...args]) =>
      () =>
        check(name, async () => run(command, args, name === "consumers" ? await provisioning : {})),
  );
  await runConcurrently(2, tasks);
}
