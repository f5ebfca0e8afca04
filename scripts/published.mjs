/**
 * Checks the packages as users would get them: packed, with publishConfig applied.
 *
 *   node scripts/published.mjs publint|attw
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pack } from "./lib/packed.mjs";
import { run } from "./lib/process.mjs";

const tools = {
  publint: { args: ["run", "--strict"], skip: undefined },
  // Skip the package of the command line, because it has no types.
  attw: { args: ["--profile", "esm-only"], skip: /^handclasp-\d/ },
};

const tool = /** @type {keyof typeof tools} */ (process.argv[2]);
const { args, skip } = tools[tool];
const folder = mkdtempSync(join(tmpdir(), "handclasp-packed-"));
try {
  const archives = (await pack(folder))
    .map(({ archive }) => archive)
    .filter((archive) => !skip?.test(basename(archive)));
  for (const archive of archives) {
    const { ok, output } = await run(tool, [...args, archive]);
    if (ok) continue;
    console.log(output);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
