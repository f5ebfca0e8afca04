/** A project outside this workspace, in which the packages are installed from their archives. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./process.mjs";

/** @import { Packed } from "./packed.mjs" */

/**
 * Fills a folder as `npm install` with the archives would: each package is unpacked from its archive, and has its
 * commands and the dependencies that its manifest names, in the versions that it names. The dependencies are links to
 * the copies that this workspace has installed, so the project needs no network. Peers are there in any version.
 * Optional dependencies are missing.
 *
 * @param {string} folder
 * @param {readonly Packed[]} packages
 */
export function installOutside(folder, packages) {
  cpSync(join(root, "scripts/consumers"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const ours = new Set(packages.map(({ manifest }) => manifest.name));
  for (const { folder: home, manifest, files } of packages) {
    for (const [name, bytes] of files) {
      const path = join(folder, "node_modules", manifest.name, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    const linkTo = (/** @type {string} */ name, /** @type {string | undefined} */ version) =>
      link(folder, join(root, "packages", home, "node_modules", name), name, version);
    for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
      if (!ours.has(name)) linkTo(name, version);
    for (const name of Object.keys(manifest.peerDependencies ?? {})) linkTo(name, undefined);
    for (const [name, file] of Object.entries(manifest.bin ?? {})) {
      const program = join(folder, "node_modules", manifest.name, file);
      chmodSync(program, 0o755);
      mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
      symlinkSync(program, join(folder, "node_modules/.bin", name));
    }
  }
  link(folder, join(root, "node_modules/@types/node"), "@types/node");
}

/**
 * @param {string} folder
 * @param {string} target
 * @param {string} name
 * @param {string} [version] the version that a manifest names
 */
function link(folder, target, name, version) {
  const installed = JSON.parse(readFileSync(join(target, "package.json"), "utf8")).version;
  if (version && version !== installed) throw new Error(`${name}: a manifest names ${version}, here is ${installed}`);
  const path = join(folder, "node_modules", name); // two packages may name the same dependency
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) symlinkSync(target, path, "junction");
}
