/**
 * Holds Handclasp against everybody else's TLS, and writes down what came of it. What is missing is installed from Debian.
 *
 *   node scripts/peers.mjs interop    every peer in every role: docs/interop.md
 *   node scripts/peers.mjs scan       sslscan and testssl.sh on `handclasp serve --tcp`: docs/scan.md
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstallAsleep, hasApt } from "./lib/apt.mjs";
import { bundle, install } from "./lib/pnpm.mjs";
import { root, runForeground } from "./lib/process.mjs";
import { step } from "./lib/steps.mjs";

/** @type {Record<string, {variable: string, table: string, tests: string}>} */
const commands = {
  interop: {
    variable: "HANDCLASP_INTEROP_TABLE",
    table: "docs/interop.md",
    tests: "packages/conformance/test/interop",
  },
  scan: { variable: "HANDCLASP_SCAN_TABLE", table: "docs/scan.md", tests: "packages/conformance/test/scan" },
};

const command = commands[process.argv[2] ?? ""];
if (!command) {
  console.error(`usage: node scripts/peers.mjs ${Object.keys(commands).join("|")}`);
  process.exit(2);
}

/** @param {Promise<{ok: boolean}>} done */
async function orExit(done) {
  if (!(await done).ok) process.exit(1);
}

await orExit(step("install", install));
await orExit(step("build", bundle));
await step("peers", async () => {
  const tools = await import(join(root, "packages/conformance/dist/tools.js"));
  const missing = tools[process.argv[2] ?? ""].filter((/** @type {{programs: string[]}} */ { programs }) =>
    programs.some((program) => !installed(program)),
  );
  const packages = missing.flatMap((/** @type {{packages: string[]}} */ tool) => tool.packages);
  if (packages.length === 0) return { ok: true, note: "all are installed" };
  if (!hasApt()) return { ok: false, skipped: true, note: `no apt-get to install ${packages.join(" ")}` };
  return { ...(await aptInstallAsleep(packages)), skipped: true, note: packages.join(" ") };
});
process.exitCode = await runForeground("vitest", ["run", "--project", "interop", command.tests], {
  [command.variable]: join(root, command.table),
});

/** @param {string} program */
function installed(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}
