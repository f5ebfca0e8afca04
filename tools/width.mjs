/**
 * Checks that lines of code and comments have at most 120 columns. Markdown, recorded data and lines that
 * cannot be broken have no such limit.
 *
 *   node tools/width.mjs
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const limit = 120;
/** Lines that cannot be broken: a long value in hexadecimal, or a citation of a test's title. */
const unbreakable = /[0-9a-fA-F]{48,}|\.test\.ts: |: [^"`]* > [^"`]*["`]/;
const checked = /\.(tsx?|mjs|vue|css|html|jsonc|yaml)$/;
const recorded = /(^|\/)(testdata|vectors)\/|^pnpm-lock\.yaml$/;

/**
 * @param {string} file the file's name
 * @param {string} text
 * @returns {number[]} the numbers of the lines that are too wide
 */
export function wideLines(file, text) {
  if (!checked.test(file) || recorded.test(file)) return [];
  return text
    .split("\n")
    .flatMap((line, i) => (Array.from(line).length > limit && !unbreakable.test(line) ? [i + 1] : []));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  const wide = files.flatMap((file) =>
    checked.test(file) ? wideLines(file, readFileSync(root + file, "utf8")).map((line) => `${file}:${line}`) : [],
  );
  for (const place of wide) console.log(`${place}: more than ${limit} columns`);
  console.log(`${files.length} files, ${wide.length} lines of more than ${limit} columns`);
  process.exitCode = wide.length > 0 ? 1 : 0;
}
