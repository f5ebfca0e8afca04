/** Finds pnpm, and installs and builds with it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./process.mjs";

const requiredPnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
const stamp = join(root, "node_modules", ".installed");

/** Installs the packages of the lock file, unless this was done after the lock file's last change. */
export async function install() {
  if (modifiedAt(stamp) > modifiedAt(join(root, "pnpm-lock.yaml"))) return { ok: true, note: "up to date" };
  const result = await pnpm("install", "--frozen-lockfile");
  if (result.ok) writeFileSync(stamp, "");
  return result;
}

/** Checks the types of the whole workspace and writes the declarations. */
export const types = () => run("tsc", ["-b"]);

/** Builds the JavaScript of the packages, then the examples, which bundle them. */
export const bundle = () => pnpm("run", "bundle");

/** @param {string[]} args */
export async function pnpm(...args) {
  pnpmCommand ??= findPnpm();
  const [command, ...leadingArgs] = await pnpmCommand;
  return run(command, [...leadingArgs, ...args]);
}

/** @type {Promise<[command: string, ...args: string[]]> | undefined} */
let pnpmCommand;

/**
 * The installed pnpm if it has the required version, otherwise pnpm by npx. (We do not use corepack, which
 * only some Node.js versions have, and which can fail.)
 *
 * @returns {Promise<[command: string, ...args: string[]]>}
 */
async function findPnpm() {
  const { ok, output } = await run("pnpm", ["--version"]);
  return ok && `pnpm@${output.trim()}` === requiredPnpm ? ["pnpm"] : ["npx", "--yes", requiredPnpm];
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
