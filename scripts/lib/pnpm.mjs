/** Finds pnpm, and installs and builds with it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./process.mjs";

const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
const stamp = join(root, "node_modules", ".installed");

/** Installs what the lock file says, unless that has been done since it was last written. */
export async function install() {
  if (modified(stamp) > modified(join(root, "pnpm-lock.yaml"))) return { ok: true, note: "up to date" };
  const result = await pnpm("install", "--frozen-lockfile");
  if (result.ok) writeFileSync(stamp, "");
  return result;
}

/** Declarations, and the types of everything. */
export const types = () => run("tsc", ["-b"]);

/** JavaScript: the packages, then what bundles them. */
export const bundle = () => pnpm("run", "bundle");

/** @param {string[]} args */
export async function pnpm(...args) {
  found ??= find();
  const [command, ...first] = await found;
  return run(command, [...first, ...args]);
}

/** @type {Promise<[command: string, ...args: string[]]> | undefined} */
let found;

/**
 * The pnpm of the machine where it is the one we ask for, else npx's. (corepack, which comes with some Node.js versions, can fail.)
 *
 * @returns {Promise<[command: string, ...args: string[]]>}
 */
async function find() {
  const { ok, output } = await run("pnpm", ["--version"]);
  return ok && `pnpm@${output.trim()}` === wanted ? ["pnpm"] : ["npx", "--yes", wanted];
}

/** @param {string} path */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
