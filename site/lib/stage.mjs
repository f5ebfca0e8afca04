/** Copies the documents of this repository to a folder from which VitePress builds the site. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { pathOf, patterns } from "./pages.mjs";

/**
 * Writes each document, with links to the pages of the site.
 *
 * @param {string} root this repository
 * @param {string} folder
 */
export function stage(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  const sources = documents(root);
  const pages = new Set(sources);
  for (const source of sources) {
    const target = join(folder, `${pathOf(source)}.md`);
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(join(root, source), "utf8");
    writeFileSync(target, withLinks(text, source, pages));
    for (const [, image = ""] of text.matchAll(/!\[[^\]]*\]\(([^():]+)\)/g)) {
      mkdirSync(dirname(join(dirname(target), image)), { recursive: true });
      copyFileSync(join(root, dirname(source), image), join(dirname(target), image));
    }
  }
}

/**
 * Returns the paths of the documents, relative to the root.
 *
 * @param {string} root
 */
export function documents(root) {
  const list = patterns.map((one) => `:(glob)${one}`);
  return execFileSync("git", ["ls-files", "--", ...list], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
}

/**
 * Turns the links between documents into links between pages. A link to a file that is no page, such as a source file,
 * becomes the file's path in the repository, because the site has no address of the repository.
 *
 * @param {string} text
 * @param {string} source the document's path in the repository
 * @param {ReadonlySet<string>} pages the paths of all documents
 */
export function withLinks(text, source, pages) {
  const parts = text.split(/(^```.*?^```$)/ms);
  return parts.map((part, i) => (i % 2 === 1 ? part : relink(part, source, pages))).join("");
}

/**
 * @param {string} text
 * @param {string} source
 * @param {ReadonlySet<string>} pages
 */
function relink(text, source, pages) {
  return text.replace(/(?<!!)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (whole, label, href) => {
    if (/^([a-z]+:|#)/.test(href)) return whole;
    const [path = "", hash] = href.split("#");
    const named = normalize(join(dirname(source), path));
    const page = [named, join(named, "README.md")].find((one) => pages.has(one));
    if (!page) return label.includes("`") ? label : `${label} (\`${named}\`)`;
    const to = relative(dirname(pathOf(source)), `${pathOf(page)}.md`);
    return `[${label}](${to.startsWith(".") ? to : `./${to}`}${hash ? `#${hash}` : ""})`;
  });
}
