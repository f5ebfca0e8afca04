/**
 * Reads the English of a file: its comments and the texts that people read, without code.
 * @module
 */
import { extname } from "node:path";
import ts from "typescript";

/**
 * A comment, a string or a paragraph.
 *
 * @typedef {object} Passage
 * @property {number} line the line on which the passage begins
 * @property {string} text the words of the passage
 * @property {boolean} [isText] whether the passage is a string of the program
 */

/** Files without passages: recorded data, and the rules of English with their examples. */
const skipped = /(^|\/)(testdata|vectors)\/|^pnpm-lock\.yaml$|^docs\/performance\/|^tools\/(test\/)?english\./;

/**
 * @param {string} file the file's name, whose extension decides how the text is read
 * @param {string} text
 * @returns {Passage[]}
 */
export function passagesOf(file, text) {
  if (skipped.test(file)) return [];
  return readers[extname(file)]?.(text) ?? [];
}

/** @type {Record<string, (text: string) => Passage[]>} */
const readers = {
  ".ts": passagesOfCode,
  ".tsx": passagesOfJsx,
  ".vue": passagesOfComponent,
  ".mjs": passagesOfCode,
  ".js": passagesOfCode,
  ".json": passagesOfCode,
  ".jsonc": passagesOfCode,
  ".css": (text) => matches(text, /\/\*(.*?)\*\//gs),
  ".html": passagesOfMarkup,
  ".yaml": (text) => matches(text, /(?:^|\s)#\s(.*)$/gm),
  ".md": passagesOfMarkdown,
};

/** @param {string} text */
function passagesOfMarkup(text) {
  return matches(text, />([^<>]*[a-z][^<>]*)</gi);
}

/** @param {string} text a component of Vue in one file: a script and a template */
function passagesOfComponent(text) {
  const blank = (/** @type {string} */ part) => part.replace(/[^\n]/g, "");
  const script = text.replace(/^[\s\S]*?<script[^>]*>|<\/script>[\s\S]*$/g, blank);
  return [...passagesOfCode(script), ...passagesOfMarkup(text.replace(/<script[\s\S]*?<\/script>/g, blank))];
}

/** @param {string} text */
function passagesOfJsx(text) {
  return passagesOfCode(text, "file.tsx");
}

/** @param {string} text @param {string} name its extension says whether the text has JSX */
function passagesOfCode(text, name = "file.ts") {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const lineAt = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line + 1;
  /** @type {Map<number, ts.CommentRange>} */
  const comments = new Map();
  /** @type {Passage[]} */
  const passages = [];

  /** @param {ts.Node} node */
  const walk = (node) => {
    if (ts.isJSDoc(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    if (ts.isJsxText(node)) add(node, node.text);
    if (ts.isTemplateExpression(node))
      add(node, node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join(""));
    const children = node.getChildren(source);
    if (children.length === 0 && !ts.isJsxText(node))
      for (const range of [
        ...(ts.getLeadingCommentRanges(text, node.pos) ?? []),
        ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
      ])
        comments.set(range.pos, range);
    for (const child of children) walk(child);
  };
  /** @param {ts.Node} node @param {string} shown */
  const add = (node, shown) => {
    if (/[a-z,;:] [a-z]/i.test(shown))
      passages.push({ line: lineAt(node.getStart(source)), text: shown, isText: true });
  };

  walk(source);
  return [
    ...passages,
    ...joined(
      [...comments.values()].sort((one, other) => one.pos - other.pos),
      text,
      lineAt,
    ),
  ];
}

/**
 * Returns the passages of comments. Line comments on consecutive lines are one passage.
 *
 * @param {readonly ts.CommentRange[]} ranges
 * @param {string} text
 * @param {(position: number) => number} lineAt
 */
function joined(ranges, text, lineAt) {
  /** @type {Passage[]} */
  const passages = [];
  let lastLine = -1;
  for (const { pos, end, kind } of ranges) {
    const line = lineAt(pos);
    const words = proseOf(text.slice(pos, end));
    const before = passages.at(-1);
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    if (isLine && before && line === lastLine + 1) before.text += `\n${words}`;
    else passages.push({ line, text: words });
    lastLine = isLine ? line : -1;
  }
  return passages;
}

/**
 * Returns the words of a comment, without comment marks, examples and the names and types of its tags.
 *
 * @param {string} comment
 */
function proseOf(comment) {
  return comment
    .replace(/^\/\*+|\*+\/$|^\/\/+/g, "")
    .replace(/^[ \t]*\* ?/gm, "")
    .replace(/@example\b[\s\S]*?(?=\n@|$(?![\s\S]))/g, "\n\n")
    .replace(/^\s*@(param|throws|returns|type|typedef|property|template|module|see)\b(\s*\{.*?\})?/gm, "\n\n");
}

/**
 * Returns the `@example`s in the documentation comments of a source file.
 *
 * @param {string} text
 * @returns {Passage[]}
 */
export function examplesOf(text) {
  return [...text.matchAll(/\/\*\*.*?\*\//gs)].flatMap((comment) => {
    const words = comment[0].replace(/\s*\*\/$/, "").replace(/^[ \t]*\* ?/gm, "");
    return [...words.matchAll(/^@example\n(.*?)(?=\n@\w|$(?![\s\S]))/gms)].map((example) => ({
      line: text.slice(0, comment.index).split("\n").length + words.slice(0, example.index).split("\n").length,
      text: (example[1] ?? "").trim(),
    }));
  });
}

/**
 * Returns the snippets of TypeScript in a page of Markdown.
 *
 * @param {string} text
 * @returns {Passage[]}
 */
export const snippetsOf = (text) =>
  [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((snippet) => ({
    line: text.slice(0, snippet.index).split("\n").length + 1,
    text: (snippet[1] ?? "").trim(),
  }));

/** @param {string} text */
function passagesOfMarkdown(text) {
  /** @type {Passage[]} */
  const passages = [];
  let fenced = false;
  /** @type {Passage | undefined} */
  let paragraph;
  const shown = text.replace(/<!-- english: off -->.*?<!-- english: on -->/gs, (part) => part.replace(/[^\n]/g, ""));
  for (const [i, row] of shown.split("\n").entries()) {
    if (/^\s*(```|~~~)/.test(row)) {
      fenced = !fenced;
      paragraph = undefined;
    } else if (fenced || row.trim() === "") paragraph = undefined;
    else if (row.startsWith("|")) passages.push(...row.split(/(?<!\\)\|/).map((cell) => ({ line: i + 1, text: cell })));
    else if (paragraph && !/^\s*([-*]|\d+\.|#+)\s/.test(row)) paragraph.text += `\n${row}`;
    else {
      paragraph = { line: i + 1, text: row.replace(/^\s*([-*]|\d+\.|#+)\s+/, "") };
      passages.push(paragraph);
    }
  }
  return passages;
}

/** @param {string} text @param {RegExp} pattern its first group is the passage */
const matches = (text, pattern) =>
  [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    text: match[1] ?? "",
  }));

/** Returns the text with `x` in place of each piece of code, and without the targets of links. @param {string} text */
export const withoutCode = (text) => text.replace(/`[^`\n]*`/g, "`x`").replace(/\]\([^)]*\)/g, "]");
