/**
 * `npm start` and `npm test` on a machine with Node.js and npm only, which is why this file and scripts/lib import
 * nothing that has to be installed.
 */
import { bundle, install, types } from "./lib/pnpm.mjs";
import { runForeground } from "./lib/process.mjs";
import { step } from "./lib/steps.mjs";
import { runTests } from "./lib/tests.mjs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Handclasp is developed on Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const commands = {
  async start() {
    await orExit(step("install", install));
    await orExit(step("types", types));
    await orExit(step("build", bundle));
    process.exitCode = await runForeground(process.execPath, ["examples/echo-server/dist/server.js"]);
  },
  async test() {
    process.exitCode = (await runTests()) ? 0 : 1;
  },
};

/** @param {Promise<{ok: boolean}>} done */
async function orExit(done) {
  if (!(await done).ok) process.exit(1);
}

const command = commands[/** @type {keyof typeof commands} */ (process.argv[2])];
if (!command) {
  console.error(`usage: node scripts/dev.mjs ${Object.keys(commands).join("|")}`);
  process.exit(2);
}
await command();
