/**
 * Checks the packages as users would get them: packed, with publishConfig applied.
 *
 *   node scripts/published.mjs publint|attw
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pnpm } from "./lib/pnpm.mjs";
import { root, run } from "./lib/process.mjs";

const tools = {
  publint: { args: ["run", "--strict"], skip: undefined },
  // Skip the package of the command line, because it has no types.
  attw: { args: ["--profile", "esm-only"], skip: /^handclasp-\d/ },
};

/** The folders of the packages that are published. */
const published = readdirSync(join(root, "packages")).filter((name) => {
  return !JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")).private;
});

const tool = /** @type {keyof typeof tools} */ (process.argv[2]);
const { args, skip } = tools[tool];
const filters = published.flatMap((name) => ["--filter", `./packages/${name}`]);
const folder = mkdtempSync(join(tmpdir(), "handclasp-packed-"));
try {
  const packed = await pnpm("-r", ...filters, "pack", "--pack-destination", folder);
  const tarballs = readdirSync(folder).filter((name) => !skip?.test(name));
  if (!packed.ok || tarballs.length === 0) throw new Error(`packing failed:\n${packed.output}`);
  for (const tarball of tarballs) {
    const { ok, output } = await run(tool, [...args, join(folder, tarball)]);
    if (ok) continue;
    console.log(output);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
