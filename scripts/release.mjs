/**
 * Shows what a release publishes, in the order of publication: each package with its version, its dependencies, the
 * sizes of its archive, and its files. It publishes nothing.
 *
 *   pnpm release --dry-run [--files] [--out FOLDER]
 *
 * `--files` lists each file. `--out` keeps the archives in a folder. The tree must have no uncommitted changes, because
 * a release is a commit.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pack } from "./lib/packed.mjs";
import { bundle, types } from "./lib/pnpm.mjs";
import { run } from "./lib/process.mjs";
import { blockers, describe } from "./lib/release.mjs";
import { step } from "./lib/steps.mjs";

const { values } = parseArgs({
  options: { "dry-run": { type: "boolean" }, files: { type: "boolean" }, out: { type: "string" } },
});
process.exitCode = await main();

async function main() {
  if (!values["dry-run"]) {
    console.error(
      "This command publishes nothing. --dry-run shows what a release publishes; --out keeps the archives.",
    );
    return 2;
  }
  const status = await run("git", ["status", "--porcelain"]);
  if (!status.ok || status.output !== "") {
    console.error(`A release needs a tree without uncommitted changes:\n${status.output}`);
    return 1;
  }
  for (const [name, build] of /** @type {const} */ ([
    ["types", types],
    ["build", bundle],
  ])) {
    if (!(await step(name, build)).ok) return 1;
  }
  const folder = values.out ? resolve(values.out) : mkdtempSync(join(tmpdir(), "handclasp-release-"));
  mkdirSync(folder, { recursive: true });
  try {
    const packages = await pack(folder);
    for (const [i, one] of packages.entries()) {
      const integrity = `sha512-${createHash("sha512").update(one.bytes).digest("base64")}`;
      console.log(`\n${i + 1}. ${describe(one, values.files ?? false)}\n   ${integrity}`);
    }
    const open = blockers(packages.map(({ manifest }) => manifest));
    console.log(`\n${packages.length} packages. Nothing was published.`);
    for (const blocker of open) console.log(`Before a release: ${blocker}`);
    return 0;
  } finally {
    if (!values.out) rmSync(folder, { recursive: true });
  }
}
