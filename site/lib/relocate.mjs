/**
 * Makes a built site independent of the path at which a host serves it. VitePress knows only one path, which it writes
 * into every page and script. The build uses a token in its place. Here, each page computes the path from its own
 * address, and the scripts ask for it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** The token in the place of the site's path. */
export const base = "/__HANDCLASP_BASE__/";

/** The variable in which a page keeps the site's path. */
export const baseVariable = "globalThis.handclaspBase";

/** @param {string} folder the built site */
export function relocate(folder) {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.(html|js|css|json)$/.test(name)) continue;
    const path = join(folder, name);
    const up = "../".repeat(name.split(/[/\\]/).length - 1) || "./";
    const text = readFileSync(path, "utf8");
    const moved = name.endsWith(".html")
      ? moveHtml(text, up)
      : name.endsWith(".js")
        ? moveScript(text)
        : text.replaceAll(base, up);
    if (moved.includes(base)) throw new Error(`${relative(folder, path)} still contains ${base}`);
    writeFileSync(path, moved);
  }
}

/**
 * @param {string} html
 * @param {string} up the relative path from the page to the site's root
 */
export function moveHtml(html, up) {
  const find = `<script>${baseVariable}=new URL(${JSON.stringify(up)},location.href).pathname</script>`;
  return html
    .replace(
      /(<script(?![^>]*\ssrc=)[^>]*>)(.*?)(<\/script>)/gs,
      (_, open, code, close) => open + moveScript(code) + close,
    )
    .replace("<head>", `<head>${find}`)
    .replaceAll(base, up);
}

/**
 * Replaces the token in each string by the variable.
 *
 * @param {string} code
 */
export function moveScript(code) {
  if (!code.includes(base)) return code;
  const source = ts.createSourceFile("script.js", code, ts.ScriptTarget.Latest, false);
  /** @type {{start: number, end: number, text: string}[]} */
  const edits = [];
  /** @param {ts.Node} node */
  const walk = (node) => {
    const [start, end] = [node.getStart(source), node.end];
    const raw = code.slice(start, end);
    if (ts.isStringLiteral(node) && raw.includes(base)) {
      const parts = raw
        .slice(1, -1)
        .split(base)
        .map((part) => raw[0] + part + raw[0]);
      edits.push({ start, end, text: `(${parts.join(`+${baseVariable}+`)})` });
    } else if (ts.isTemplateLiteralToken(node) && raw.includes(base))
      edits.push({ start, end, text: raw.replaceAll(base, `\${${baseVariable}}`) });
    else ts.forEachChild(node, walk);
  };
  walk(source);
  return edits.reduceRight((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}
