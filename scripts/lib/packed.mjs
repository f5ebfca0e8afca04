/** The published packages, packed as pnpm publishes them, with publishConfig applied. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { pnpm } from "./pnpm.mjs";
import { root } from "./process.mjs";

/**
 * The `exports` of a package, with the conditions that the checks read.
 *
 * @typedef {Record<string, {types: string, default: string}>} Exports
 */

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {{type: string, url: string, directory?: string}} repository
 * @property {Exports} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [peerDependencies]
 */

/**
 * @typedef {object} Packed
 * @property {string} folder the name of the package's folder in packages/
 * @property {Manifest} manifest the manifest in the archive
 * @property {string} archive the path of the archive
 * @property {Uint8Array} bytes the archive
 * @property {Map<string, Uint8Array>} files the contents of the archive's files, by their paths in the package
 */

/** The folders in packages/ of the packages that are published. */
export const published = readdirSync(join(root, "packages")).filter((name) => !read(name).private);

/** @returns {Manifest & {private?: boolean}} */
function read(/** @type {string} */ name) {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
}

/**
 * Packs all published packages into a folder, and returns them in the order in which they are published: each one after
 * its dependencies.
 *
 * @param {string} destination
 * @returns {Promise<Packed[]>}
 */
export async function pack(destination) {
  const filters = published.flatMap((name) => ["--filter", `./packages/${name}`]);
  const { ok, output } = await pnpm("-r", ...filters, "pack", "--pack-destination", destination);
  if (!ok) throw new Error(`packing failed:\n${output}`);
  const packed = published.map((folder) => {
    const { name, version } = read(folder);
    const archive = join(destination, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
    const bytes = readFileSync(archive);
    const files = filesOf(gunzipSync(bytes));
    const manifest = JSON.parse(new TextDecoder().decode(files.get("package.json")));
    return { folder, manifest, archive, bytes, files };
  });
  return inOrder(packed);
}

/**
 * Sorts packages so that each one comes after its dependencies.
 *
 * @template {{manifest: Pick<Manifest, "name" | "dependencies">}} Package
 * @param {readonly Package[]} packages
 * @returns {Package[]}
 */
export function inOrder(packages) {
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  /** @type {Package[]} */
  const sorted = [];
  const open = new Set(packages);
  while (open.size > 0) {
    const ready = [...open].find(({ manifest }) =>
      Object.keys(manifest.dependencies ?? {}).every(
        (name) => !names.has(name) || sorted.some((before) => before.manifest.name === name),
      ),
    );
    if (!ready)
      throw new Error(`a cycle of dependencies: ${[...open].map(({ manifest }) => manifest.name).join(", ")}`);
    open.delete(ready);
    sorted.push(ready);
  }
  return sorted;
}

/**
 * Reads a tar archive of the kind that npm packages are: regular files below the folder `package`.
 *
 * @param {Uint8Array} tar
 */
export function filesOf(tar) {
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  const decoder = new TextDecoder();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const field = (/** @type {number} */ offset, /** @type {number} */ length) =>
      decoder.decode(tar.subarray(at + offset, at + offset + length)).replace(/\0.*$/s, "");
    const size = Number.parseInt(field(124, 12), 8);
    const type = field(156, 1);
    const name = [field(345, 155), field(0, 100)].filter((part) => part !== "").join("/");
    if (type !== "0" && type !== "") throw new Error(`${name}: an entry of type ${type} in a package's archive`);
    files.set(name.replace(/^package\//, ""), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
