/** Installs the programs of others that the tests run against. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstallAsleep, hasApt } from "./apt.mjs";
import { root } from "./process.mjs";

/** @typedef {"interop" | "scan"} Group a list of packages/conformance, which has to be built */

/**
 * Installs what is missing of these groups from Debian. A program that is still missing afterwards fails the step by name.
 *
 * @param {...Group} groups
 * @returns {Promise<import("./steps.mjs").StepResult & {note: string}>}
 */
export async function installPeers(...groups) {
  const lists = await import(join(root, "packages/conformance/dist/tools.js"));
  /** @type {{programs: string[], packages: string[]}[]} */
  const tools = groups.flatMap((group) => lists[group]);
  const missing = () => tools.filter(({ programs }) => programs.some((program) => !installed(program)));
  const packages = [...new Set(missing().flatMap((tool) => tool.packages))];
  if (packages.length === 0) return { ok: true, note: "all are installed" };
  if (!hasApt()) return { ok: false, note: `no apt-get to install ${packages.join(" ")}` };
  const { output } = await aptInstallAsleep(packages);
  const absent = missing().flatMap(({ programs }) => programs.filter((program) => !installed(program)));
  if (absent.length === 0) return { ok: true, note: `installed ${packages.join(" ")}` };
  return { ok: false, note: `not to be had: ${[...new Set(absent)].join(" ")}`, output };
}

/** @param {string} program */
function installed(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}
