/** Installs the programs that the tests use as peers. */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstallWithoutServices, hasApt } from "./apt.mjs";
import { root } from "./process.mjs";

/** @typedef {"interop" | "scan"} Group the name of a list of tools in the built packages/conformance */

/**
 * Installs the missing programs of these groups from Debian. If one is still missing afterwards, the step fails and
 * names it (without apt-get: its package).
 *
 * @param {...Group} groups
 * @returns {Promise<import("./steps.mjs").StepResult & {note: string}>}
 */
export async function installPeers(...groups) {
  const lists = await import(join(root, "packages/conformance/dist/tools.js"));
  /** @type {{programs: string[], packages: string[]}[]} */
  const tools = groups.flatMap((group) => lists[group]);
  const missing = () => tools.filter(({ programs }) => programs.some((program) => !isInstalled(program)));
  const packages = [...new Set(missing().flatMap((tool) => tool.packages))];
  if (packages.length === 0) return { ok: true, note: "all are installed" };
  if (!hasApt()) return { ok: false, note: `no apt-get to install ${packages.join(" ")}` };
  const { output } = await aptInstallWithoutServices(packages);
  const absent = missing().flatMap(({ programs }) => programs.filter((program) => !isInstalled(program)));
  if (absent.length === 0) return { ok: true, note: `installed ${packages.join(" ")}` };
  return { ok: false, note: `not available: ${[...new Set(absent)].join(" ")}`, output };
}

/** @param {string} program */
function isInstalled(program) {
  // Debian has PostgreSQL's programs in a folder of its own for each version.
  const postgres = "/usr/lib/postgresql";
  const versions = existsSync(postgres) ? readdirSync(postgres).map((version) => join(postgres, version, "bin")) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", ...versions];
  return folders.some((folder) => existsSync(join(folder, program)));
}
