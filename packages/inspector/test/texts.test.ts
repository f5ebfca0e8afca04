import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** The folders with texts: the inspector, and the page that uses it. */
const folders = ["../src", "../../../examples/echo-server/src/page"].map((path) => join(import.meta.dirname, path));

/** A text in two languages, as the sources write it. */
interface Pair {
  readonly file: string;
  readonly en: string;
  readonly ko: string;
}

const literals = '((?:\\s*\\+?\\s*(?:"(?:[^"\\\\]|\\\\.)*"|`[^`]*`))+)';
const pairPattern = new RegExp(`\\ben:${literals},\\s*ko:${literals}`, "g");

const pairsOf = (file: string, source: string): Pair[] =>
  Array.from(source.matchAll(pairPattern), ([, en = "", ko = ""]) => ({ file, en, ko }));

const sources = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") })),
);
const pairs = sources.flatMap(({ file, text }) => pairsOf(file, text));

/** The parts of a text that no translation changes: RFCs, sections, names on the wire, and values. */
const fixedParts = (text: string): string[] =>
  text.match(/\$\{[\w.]+\}|RFC \d+|§[\d.]+\d|\b[A-Z]\w*[A-Z]\w*|\b\w+_\w+\b|\b\d\d \d\d\b/g) ?? [];

const missing = ({ en, ko }: Pair): string[] =>
  fixedParts(en).filter((part) => !/^\$\{unit\}$/.test(part) && !ko.includes(part.replace(/\.en\b/, ".ko")));

test("each English text has a Korean text with the same names, sections and values", () => {
  const texts = sources.flatMap(({ text }) => text.match(/\ben:\s+["`]/g) ?? []);
  expect(pairs.length).toBe(texts.length); // the pattern finds every text
  const wrong = pairs.map((pair) => ({ ...pair, missing: missing(pair) })).filter((pair) => pair.missing.length > 0);
  expect(wrong).toEqual([]);
});

test("each Korean text is Korean, unless it consists of names only", () => {
  const words = (text: string): string => text.replaceAll(/\$\{[^}]*\}/g, "");
  expect(pairs.filter(({ en, ko }) => /[a-z]{3} [a-z]{3}/.test(words(en)) && !/[가-힣]/.test(ko))).toEqual([]);
});

test("the comparison notices a name or a value that only one language has", () => {
  const [pair] = pairsOf("a.ts", '{ en: "RFC 5246 §8.1, for ServerHello: 03 03", ko: "RFC 5246 §8.2, ServerHelo" }');
  expect(pair && missing(pair)).toEqual(["§8.1", "ServerHello", "03 03"]);
});
