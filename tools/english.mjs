/**
 * Finds openings and words that CONTRIBUTING.md ("English") rules out, in comments, texts and documents.
 *
 *   node tools/english.mjs [FILES OR FOLDERS]
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rules } from "./english.config.mjs";
import { passagesOf, withoutCode } from "./lib/passages.mjs";

/** @typedef {{file: string, line: number, rule: string, instead: string, sentence: string}} Finding */

/**
 * Finds the sentences of one file that break a rule.
 *
 * @param {string} file the file's name, whose extension decides how the text is read
 * @param {string} text
 * @returns {Finding[]}
 */
export function checkEnglish(file, text) {
  return passagesOf(file, text).flatMap(({ line, text: passage }) =>
    sentencesOf(withoutCode(passage)).flatMap((sentence) =>
      rules
        .filter(({ pattern }) => pattern.test(sentence))
        .map(({ name, instead }) => ({ file, line, rule: name, instead, sentence })),
    ),
  );
}

/** @param {string} passage */
function sentencesOf(passage) {
  return passage
    .split(/(?<=[.!?])\s+(?=["'`(]?[A-Z0-9])|\n\s*\n/)
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter((sentence) => sentence.length > 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const paths = process.argv.slice(2).map((path) => resolve(path));
  const files = execFileSync("git", ["ls-files", "-z", "--", ...paths], { cwd: root, encoding: "utf8" })
    .split("\0")
    .filter(Boolean);
  const findings = files.flatMap((file) => checkEnglish(file, readFileSync(`${root}/${file}`, "utf8")));
  for (const { file, line, rule, instead, sentence } of findings)
    console.log(`${file}:${line}: ${rule}: ${sentence}\n  instead: ${instead}`);
  console.log(`${findings.length} sentences of ${files.length} files against the rules of English`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
