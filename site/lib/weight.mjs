/** Measures what a reader downloads to see each page of the built site. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

/** The most bytes (gzip) of a page with its styles, scripts and fonts, without the search index. */
export const limit = 200_000;

/**
 * Returns the pages with their weights, the heaviest first.
 *
 * @param {string} folder the built site
 */
export function weigh(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  /** @type {Map<string, number>} */
  const sizes = new Map();
  const sizeOf = (/** @type {string} */ name) => {
    const known = sizes.get(name) ?? gzipSync(readFileSync(join(folder, name)), { level: 9 }).length;
    sizes.set(name, known);
    return known;
  };
  return names
    .filter((name) => name.endsWith(".html"))
    .map((page) => {
      const html = readFileSync(join(folder, page), "utf8");
      const linked = [...html.matchAll(/<(?:script|link)\b[^>]*?\s(?:src|href)="([^"]+)"/g)].map(([, href]) =>
        normalize(join(dirname(page), href ?? "")),
      );
      // A page's `.lean.js` is loaded at the first visit, and its full script when the reader comes from another page.
      const files = new Set([page, ...linked.flatMap((name) => [name, ...importsOf(folder, name)])]);
      return { page, bytes: [...files].reduce((sum, name) => sum + sizeOf(name), 0) };
    })
    .sort((one, other) => other.bytes - one.bytes);
}

/**
 * Returns the scripts that a script imports at once, not those that it loads late.
 *
 * @param {string} folder
 * @param {string} name
 * @returns {string[]}
 */
function importsOf(folder, name) {
  if (!name.endsWith(".js")) return [];
  const code = readFileSync(join(folder, name), "utf8");
  const found = [...code.matchAll(/(?:^|[;}])import\s*(?:[^"'();]*?from)?\s*"(\.[^"]+)"/g)];
  return found.flatMap(([, href]) => {
    const one = normalize(join(dirname(name), href ?? ""));
    return [one, ...importsOf(folder, one)];
  });
}
