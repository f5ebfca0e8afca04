/**
 * `npm start` and `npm test`. They have to run on a machine that has only Node.js and npm, so this file and the parts
 * of scripts/lib that it loads before the installation import only each other and modules of Node.js.
 */
import { bundle, install, types } from "./lib/pnpm.mjs";
import { runForeground } from "./lib/process.mjs";
import { step } from "./lib/steps.mjs";
import { runTests } from "./lib/tests.mjs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Handclasp needs Node.js 20.19 or newer for development; this is ${process.versions.node}.`);
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
