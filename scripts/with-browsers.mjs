/**
 * Runs a command with the paths of the browsers and of OpenSSL in its environment. Installs missing ones first.
 *
 *   node scripts/with-browsers.mjs playwright test -c e2e
 */
import { runForeground } from "./lib/process.mjs";
import { provision } from "./lib/provision.mjs";

const { env } = await provision();
const [command = "", ...args] = process.argv.slice(2);
process.exitCode = await runForeground(command, args, env);
