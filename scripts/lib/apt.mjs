/** Installs packages of Debian and Ubuntu with apt-get. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./process.mjs";

const [command = "", ...asRoot] = process.getuid?.() === 0 ? ["env"] : ["sudo", "-n", "env"];

/** @param {string[]} args */
const apt = (...args) => {
  const options = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=600"];
  return run(command, [...asRoot, ...options, ...args], { minutes: 12 });
};

/** @type {ReturnType<typeof apt> | undefined} */
let updated;

/** Whether this machine has apt-get. */
export const hasApt = () =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "apt-get")));

/**
 * Installs packages with the packages that they depend on, without those that they only recommend.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export async function aptInstall(packages) {
  updated ??= apt("update");
  const update = await updated;
  if (!update.ok) return update;
  const install = await apt("install", "--yes", "--no-install-recommends", ...packages);
  return { ok: install.ok, output: `${update.output}\n${install.output}` };
}

/**
 * Installs packages. If this process runs as root, and the machine has no policy-rc.d of its own, their services do not
 * start: invoke-rc.d runs policy-rc.d before it starts a service, and the exit code 101 forbids the start.
 *
 * @param {readonly string[]} packages
 */
export async function aptInstallWithoutServices(packages) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy) || process.getuid?.() !== 0) return aptInstall(packages);
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await aptInstall(packages);
  } finally {
    rmSync(policy);
  }
}
