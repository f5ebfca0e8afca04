/**
 * Runs a program of a `dist` folder. If the program is missing, installs and builds first:
 *
 *   node scripts/built.mjs packages/conformance/dist/limbo.js FILE
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { bundle, install } from "./lib/pnpm.mjs";
import { root, runForeground } from "./lib/process.mjs";

const [program = "", ...args] = process.argv.slice(2);
const path = resolve(root, program);
for (const task of existsSync(path) ? [] : [install, bundle]) {
  const result = await task();
  if (result.ok) continue;
  if ("output" in result) console.error(result.output);
  process.exit(2);
}
process.exitCode = await runForeground(process.execPath, [path, ...args]);
