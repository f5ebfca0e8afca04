/** The words of `pnpm release --dry-run`. */

/** @import { Manifest, Packed } from "./packed.mjs" */

/**
 * Describes a package: its name and version, its sizes, its dependencies and its files.
 *
 * @param {Pick<Packed, "manifest" | "bytes" | "files">} packed
 * @param {boolean} everyFile whether to list each file, and not only each kind
 */
export function describe({ manifest, bytes, files }, everyFile) {
  const unpacked = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const needs = Object.entries(manifest.dependencies ?? {}).map(([name, range]) => `${name} ${range}`);
  const rows = everyFile ? [...files].map(([name, { length }]) => [name, length]) : byKind(files);
  return [
    `${manifest.name} ${manifest.version}: ${kB(bytes.length)}, unpacked ${kB(unpacked)} in ${files.size} files`,
    `   needs ${needs.join(", ") || "nothing"}`,
    ...rows.map(([name, size]) => `   ${kB(Number(size)).padStart(11)}  ${name}`),
  ].join("\n");
}

/**
 * Returns a row for each file at the top of the package, and one for each kind of files in each folder at the top.
 *
 * @param {ReadonlyMap<string, Uint8Array>} files
 */
function byKind(files) {
  /** @type {Map<string, {size: number, count: number}>} */
  const kinds = new Map();
  for (const [path, { length }] of files) {
    const [, folder, extension] = /^([^/]+\/)?.*?((?:\.d)?\.[a-z]+(?:\.map)?)$/.exec(path) ?? [];
    const kind = folder ? `${folder}**/*${extension}` : path;
    const { size, count } = kinds.get(kind) ?? { size: 0, count: 0 };
    kinds.set(kind, { size: size + length, count: count + 1 });
  }
  return [...kinds].map(([kind, { size, count }]) => [count > 1 ? `${kind} (${count})` : kind, size]);
}

/**
 * Returns the reasons for which these packages must not be published yet.
 *
 * @param {readonly Pick<Manifest, "name" | "version" | "repository">[]} manifests
 */
export function blockers(manifests) {
  const unversioned = manifests.filter(({ version }) => version === "0.0.0").map(({ name }) => name);
  const unplaced = manifests.filter(({ repository }) => new URL(repository.url).hostname.endsWith(".example"));
  return [
    ...(unversioned.length > 0 ? [`give a version to ${unversioned.join(", ")}`] : []),
    ...(unplaced.length > 0
      ? ["set `repository` in package.json and packages/*/package.json: it is a placeholder"]
      : []),
  ];
}

/** @param {number} bytes */
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
