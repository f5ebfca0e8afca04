/**
 * Tests Handclasp against other TLS implementations and writes the results. Installs missing programs from Debian.
 *
 *   node scripts/peers.mjs interop    tests every peer in every role and writes docs/interop.md
 *   node scripts/peers.mjs scan       runs sslscan and testssl.sh on `handclasp serve --tcp` and writes docs/scan.md
 */
import { join } from "node:path";
import { installPeers } from "./lib/peers.mjs";
import { bundle, install } from "./lib/pnpm.mjs";
import { root, runForeground } from "./lib/process.mjs";
import { step } from "./lib/steps.mjs";

/** @type {Record<string, {group: import("./lib/peers.mjs").Group, variable: string, table: string, tests: string}>} */
const commands = {
  interop: {
    group: "interop",
    variable: "HANDCLASP_INTEROP_TABLE",
    table: "docs/interop.md",
    tests: "packages/conformance/test/interop",
  },
  scan: {
    group: "scan",
    variable: "HANDCLASP_SCAN_TABLE",
    table: "docs/scan.md",
    tests: "packages/conformance/test/scan",
  },
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
// A missing peer does not stop the run, because vitest skips its tests.
await step("peers", async () => ({ ...(await installPeers(command.group)), skipped: true }));
process.exitCode = await runForeground("vitest", ["run", "--project", "interop", command.tests], {
  [command.variable]: join(root, command.table),
});
