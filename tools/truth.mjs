/**
 * Checks that each file, symbol, heading and decision that a comment or a document names exists.
 *
 *   node tools/truth.mjs [FILES OR FOLDERS]
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { passagesOf } from "./lib/passages.mjs";
import { slug } from "./lib/slug.mjs";
import { elsewhere } from "./truth.config.mjs";

/** @typedef {{file: string, line: number, named: string, problem: string}} Finding */

/** The files of a workspace, and the words in their code. */
export class Workspace {
  #root;
  /** @type {readonly string[]} */
  files;
  /** @type {Set<string>} */
  #paths;
  /** The words in the code of each package. @type {Map<string, Set<string>>} */
  #words = new Map();
  #hostWords = new Set(hostWords());

  /**
   * @param {string} root
   * @param {readonly string[]} files the paths of all files of the workspace, relative to the root
   */
  constructor(root, files) {
    this.#root = root;
    this.files = files;
    this.#paths = new Set(files.flatMap((file) => [file, ...parentsOf(file)]));
    for (const file of files)
      if (/\.(tsx?|mjs|vue|json|jsonc|css|html|yaml)$/.test(file) && !file.endsWith("pnpm-lock.yaml")) {
        const words = this.#words.get(packageOf(file)) ?? new Set();
        for (const word of wordsOf(file, this.read(file))) words.add(word);
        this.#words.set(packageOf(file), words);
      }
  }

  /** @param {string} file */
  read(file) {
    return readFileSync(join(this.#root, file), "utf8");
  }

  /**
   * Whether a file or folder exists that is named by its path from the folder of `from`, by its path from the root, or
   * by the end of its path.
   *
   * @param {string} from
   * @param {string} named
   */
  has(from, named) {
    const path = normalize(named.replace(/\/$/, ""));
    if (this.#paths.has(path) || this.#paths.has(normalize(join(dirname(from), path)))) return true;
    return this.files.some((file) => file.endsWith(`/${path}`) || file.includes(`/${path}/`));
  }

  /**
   * Whether the text in `from` may name `word`. Any file may name the words of JavaScript, pages and Node.js, and those
   * of truth.config.mjs. A source of core, node or browser may also name the words of core and of its own package,
   * those of the tests included. Any other file may name the words of the whole workspace.
   *
   * @param {string} from
   * @param {string} word
   */
  knows(from, word) {
    const below = /^packages\/(core|node|browser)\/src\//.exec(from)?.[1];
    const packages = below ? ["packages/core", `packages/${below}`] : [...this.#words.keys()];
    return (
      elsewhere.words.has(word) || this.#hostWords.has(word) || packages.some((one) => this.#words.get(one)?.has(word))
    );
  }
}

/** @param {string} file */
const packageOf = (file) => /^packages\/\w+/.exec(file)?.[0] ?? "";

/** @param {string} file */
const parentsOf = (file) => file.split("/").map((_, i, parts) => parts.slice(0, i).join("/"));

/**
 * Finds the names in one file that do not exist.
 *
 * @param {Workspace} workspace
 * @param {string} file
 * @returns {Finding[]}
 */
export function checkTruth(workspace, file) {
  const text = workspace.read(file);
  const found = [...namesIn(workspace, file, text)];
  if (file.endsWith(".md")) found.push(...linksIn(workspace, file, text));
  return found;
}

const fileName =
  /(?<![\w/.$-])((?:\.{1,2}\/)*[\w$-]+(?:[\w$/.-]*[\w$-])?\.(?:tsx?|mjs|vue|md|jsonc?|html|css|yaml))\b(?!\()/g;

/**
 * @param {Workspace} workspace
 * @param {string} file
 * @param {string} text
 * @returns {Generator<Finding>}
 */
function* namesIn(workspace, file, text) {
  for (const { line, text: passage, isText } of passagesOf(file, text)) {
    if (isText) continue;
    const finding = (/** @type {string} */ named, /** @type {string} */ problem) => ({ file, line, named, problem });
    const words = passage.replace(/\]\([^)]*\)/g, "]").replace(/https?:\/\/\S+/g, "");
    for (const [, named = ""] of words.matchAll(fileName))
      if (!elsewhere.files.some((pattern) => pattern.test(named)) && !workspace.has(file, named))
        yield finding(named, "no such file");
    for (const [, number = ""] of words.matchAll(/\bADR (\d+)\b/g))
      if (!workspace.files.some((path) => path.startsWith(`docs/adr/${number.padStart(4, "0")}-`)))
        yield finding(`ADR ${number}`, "no such decision");
    for (const [, code = ""] of words.matchAll(/`([^`\n]+)`/g))
      for (const word of symbolsIn(code))
        if (!workspace.knows(file, word)) yield finding(word, "nothing has this name");
  }
}

/**
 * Returns the names in a piece of code that is a symbol: `foo`, `Foo.bar()`, `#baz`. Other code is an example, whose
 * names are not checked.
 *
 * @param {string} code
 */
function symbolsIn(code) {
  if (/\.(tsx?|mjs|vue|md|jsonc?|html|css|yaml)$/.test(code)) return [];
  const symbol = /^(?:await |new |yield\* )?#?[A-Za-z_$][\w$]*(?:\??\.#?[A-Za-z_$][\w$]*)*(?:\([^)]*\))?$/.exec(code);
  return symbol ? (code.replace(/^(await|new|yield\*) |\(.*$/g, "").match(/[A-Za-z_$][\w$]*/g) ?? []) : [];
}

/**
 * Finds the links to files and headings that do not exist.
 *
 * @param {Workspace} workspace
 * @param {string} file
 * @param {string} text
 * @returns {Generator<Finding>}
 */
function* linksIn(workspace, file, text) {
  for (const [i, row] of text.split("\n").entries())
    for (const [, target = "", heading] of row.matchAll(/\]\(([^)\s]+)\)(?:, "([^"]+)")?/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const to = path === "" ? file : normalize(join(dirname(file), path));
      const finding = (/** @type {string} */ problem) => ({ file, line: i + 1, named: heading ?? target, problem });
      if (path !== "" && !workspace.has(file, path)) yield finding("no such file");
      else if (anchor !== undefined && !headingsOf(workspace.read(to)).some((title) => slug(title) === anchor))
        yield finding("no such heading");
      else if (heading !== undefined && to.endsWith(".md") && !headingsOf(workspace.read(to)).includes(heading))
        yield finding("no such heading");
    }
}

/** @param {string} markdown */
const headingsOf = (markdown) =>
  [...markdown.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.trim());

/**
 * Returns the identifiers and the words of strings in a file. Comments of code do not count.
 *
 * @param {string} file
 * @param {string} text
 */
function wordsOf(file, text) {
  if (!/\.(tsx?|mjs)$/.test(file)) return text.match(/[A-Za-z_$][\w$]*/g) ?? [];
  const code = withoutComments(file, text);
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, code);
  /** @type {string[]} */
  const words = [];
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan())
    words.push(...(scanner.getTokenText().match(/[A-Za-z_$][\w$]*/g) ?? []));
  return words;
}

/** @param {string} file @param {string} text */
function withoutComments(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return ts.createPrinter({ removeComments: true }).printFile(source);
}

/** Returns the names of JavaScript, of pages and of Node.js, from their type declarations. */
function hostWords() {
  const lib = dirname(ts.getDefaultLibFilePath({}));
  const declarations = [
    "lib.dom.d.ts",
    ...ts.sys.readDirectory(lib, [".d.ts"], undefined, ["lib.es*"]).map((path) => path),
  ];
  const types = fileURLToPath(new URL("../node_modules/@types/", import.meta.url));
  const node = ts.sys.readDirectory(join(types, "node"), [".d.ts"]);
  return [...declarations.map((path) => resolve(lib, path)), ...node]
    .filter(existsSync)
    .flatMap((path) => readFileSync(path, "utf8").match(/[A-Za-z_$][\w$]*/g) ?? []);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const list = (/** @type {string[]} */ ...paths) =>
    execFileSync("git", ["ls-files", "-z", "--", ...paths], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter(Boolean);
  const workspace = new Workspace(root, list());
  const files = list(...process.argv.slice(2).map((path) => resolve(path)));
  const findings = files.flatMap((file) => checkTruth(workspace, file));
  for (const { file, line, named, problem } of findings) console.log(`${file}:${line}: ${named}: ${problem}`);
  console.log(`${files.length} files, ${findings.length} names of nothing`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
