/** Everything that is checked without running the product, by `pnpm check` and by `npm test`. */
import { bundle, types } from "./pnpm.mjs";
import { run } from "./process.mjs";
import { atMost } from "./steps.mjs";

/** @type {[name: string, command: string, ...args: string[]][]} */
const commands = [
  ["biome", "biome", "check", "--error-on-warnings"],
  ["oxlint", "oxlint", "--type-aware"],
  ["layers", process.execPath, "tools/layers.mjs"],
  ["knip", "knip"],
  ["api", process.execPath, "tools/api.mjs", "--check"],
  ["consumers", process.execPath, "scripts/consumers.mjs"],
  ["publint", process.execPath, "scripts/published.mjs", "publint"],
  ["attw", process.execPath, "scripts/published.mjs", "attw"],
  ["size", process.execPath, "scripts/size.mjs"],
];

/**
 * Builds, since most checks look at what was built, then checks.
 *
 * @param {(name: string, action: () => Promise<{ok: boolean, output: string}>) => Promise<unknown>} check is told each
 */
export async function runChecks(check) {
  await check("types", types);
  await check("build", bundle);
  const two = commands.map(
    ([name, command, ...args]) =>
      () =>
        check(name, () => run(command, args)),
  );
  await atMost(2, two);
}
