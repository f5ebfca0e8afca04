/** Finds the links of the built site that lead to no page or to no heading. VitePress itself ignores headings. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/**
 * Returns a line for each link that leads nowhere.
 *
 * @param {string} folder the built site
 */
export function deadLinks(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const pages = new Map(
    names.filter((name) => name.endsWith(".html")).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
  const ids = new Map(
    [...pages].map(([name, html]) => [name, new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]),
  );
  const files = new Set(names);
  return [...pages].flatMap(([name, html]) =>
    [...new Set([...html.matchAll(/<a\b[^>]*?\shref="([^"]+)"/g)].map(([, href = ""]) => href))].flatMap((href) => {
      if (/^[a-z]+:/.test(href)) return [];
      const [path = "", hash] = href.split("#");
      const named = path === "" ? name : posix.join(dirname(name), decodeURIComponent(path));
      const target = named === "." || named.endsWith("/") ? posix.join(named, "index.html") : named;
      if (!files.has(target)) return [`${name}: ${href} leads to no page`];
      const isThere = !hash || name === "404.html" || ids.get(target)?.has(decodeURIComponent(hash));
      return isThere ? [] : [`${name}: ${href} leads to no heading`];
    }),
  );
}
