/**
 * Compiles every `@example` in the packages' sources, and every snippet of TypeScript in docs, README.md and the
 * packages' READMEs, as if a user had pasted it into a module.
 *
 *   node tools/examples.mjs
 *
 * An example may use names that it does not declare: exports of its own file and of the modules in `providers`, and the
 * names that `presumed` declares. All names from those modules must come from one row of `providers`. The first row
 * with which the example compiles is used.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { examplesOf, snippetsOf } from "./lib/passages.mjs";

/** @typedef {{file: string, line: number, text: string}} Example */
/** @typedef {Example & {problems: string[]}} Verdict */

/** The modules from which an example may take names: a row for core alone, one for Node.js and one for a page. */
const providers = [
  [
    "@handclasp/core",
    "@handclasp/core/x509",
    "@handclasp/core/keys",
    "@handclasp/core/messages",
    "@handclasp/core/message-sessions",
    "@handclasp/core/starttls",
    "@handclasp/core/unstable",
  ],
  [
    "@handclasp/node",
    "@handclasp/node/enrolment",
    "@handclasp/node/fetch",
    "@handclasp/node/websocket",
    "@handclasp/redis",
    "@handclasp/core",
    "@handclasp/core/messages",
    "@handclasp/testing",
    "@handclasp/testing/faults",
    "@handclasp/testing/playwright",
    "@handclasp/testing/server",
  ],
  [
    "@handclasp/browser",
    "@handclasp/browser/enrolment",
    "@handclasp/browser/fetch",
    "@handclasp/browser/websocket",
    "@handclasp/core",
  ],
].map((entries) => [...entries, "node:fs/promises", "node:fs", "node:stream", "vitest"]);

/** The values that an example takes from the application around it. */
const presumed = `
import type { Credential, Random, Transport, TlsConnection, CryptoProvider } from "@handclasp/core";
import type { ConnectionHandler, TlsServer } from "@handclasp/node";
import type { Messages } from "@handclasp/core/messages";
import type { Certificate, TrustPolicy } from "@handclasp/core/x509";
declare global {
  const url: string, pem: string, ca: string, serverName: string, cert: string, key: Uint8Array;
  const transport: Transport, channel: TlsConnection, credential: Credential, provider: CryptoProvider, random: Random;
  const chain: Uint8Array[], der: Uint8Array, leaf: Uint8Array, response: Uint8Array, now: number;
  const certificate: Certificate, issuer: Certificate, policy: TrustPolicy;
  const clientRandom: Uint8Array, serverRandom: Uint8Array, premaster: Uint8Array;
  const messages: Messages;
  const credentials: Credential[], handler: ConnectionHandler, server: TlsServer;
  const summary: TransformStream<string | Uint8Array, string | Uint8Array>;
  const error: unknown;
  const redis: { call(command: string, ...args: string[]): Promise<unknown> };
  const ReconnectingWebSocket: new (url: string, protocols: string[], options: { WebSocket: unknown }) => unknown;
  const createClient: (options: { url: string; webSocketImpl: unknown }) => unknown;
  const hsm: { sign(scheme: string, message: Uint8Array): Promise<Uint8Array> };
  const clientCa: string, site: Credential, admin: Credential;
  const logger: Record<"debug" | "info" | "warn" | "error", (object: object, message: string) => void>;
  function alertSomeone(error: unknown): void;
  function count(what: string): void;
  function stopWorking(): void;
  function renewCertificate(): void;
  function report(error: unknown): void;
  function answer(request: Uint8Array): Uint8Array;
  function store(parts: Uint8Array[]): Promise<void>;
}
`;

/** @type {ts.CompilerOptions} */
const options = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  customConditions: ["handclasp-source"],
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  lib: [
    "lib.es2024.d.ts",
    "lib.esnext.disposable.d.ts",
    "lib.dom.d.ts",
    "lib.dom.iterable.d.ts",
    "lib.dom.asynciterable.d.ts",
  ],
  types: ["node"],
};

/**
 * @param {string} root the workspace's folder
 * @param {readonly Example[]} examples
 * @returns {Verdict[]} the examples that do not compile, with the compiler's messages
 */
export function compile(root, examples) {
  const modules = new Modules(root);
  const isCode = (/** @type {string} */ file) => file.endsWith(".ts");
  const sources = examples.filter(({ file }) => isCode(file)).map(({ file }) => join(root, file));
  const exported = modules.exportsOf([...providers.flat(), ...sources]);
  const tableOf = (/** @type {string} */ entry) => ({ entry, names: exported.get(entry) ?? new Set() });
  const tables = providers.map((entries) => entries.map(tableOf));
  let open = modules.problemsOf(examples.map((example) => ({ ...example, imports: [] })));
  const missing = new Map(open.map(({ example, problems }) => [example.text, problems.flatMap(missingName)]));
  /** @type {Map<string, Verdict>} */
  const verdicts = new Map();
  for (const table of tables) {
    const again = open.map(({ example }) => {
      const own = isCode(example.file) ? [tableOf(join(root, example.file))] : [];
      return { ...example, imports: importsOf([...own, ...table], missing.get(example.text) ?? []) };
    });
    open = modules.problemsOf(again);
    for (const { example, problems } of open) {
      const before = verdicts.get(example.text)?.problems.length ?? Number.POSITIVE_INFINITY;
      const { file, line, text } = example;
      if (problems.length <= before) verdicts.set(text, { file, line, text, problems });
    }
  }
  return open.map(({ example }) => /** @type {Verdict} */ (verdicts.get(example.text)));
}

/** @param {string} problem */
const missingName = (problem) =>
  /Cannot find name '(\w+)'|shorthand property '(\w+)'/
    .exec(problem)
    ?.slice(1)
    .filter((name) => name !== undefined) ?? [];

/** @typedef {Example & {imports: readonly string[]}} Candidate */

/** Modules that exist only in memory. */
class Modules {
  #root;
  /** @type {Map<string, {text: string, version: number}>} */
  #files = new Map();
  #service;

  /** @param {string} root */
  constructor(root) {
    this.#root = root;
    this.#set("presumed.ts", presumed);
    const files = this.#files;
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...options, paths: entriesOf(root) }),
      getScriptFileNames: () => [...files.keys()],
      getScriptVersion: (name) => `${files.get(name)?.version ?? 0}`,
      getScriptSnapshot: (name) => {
        const text = files.get(name)?.text ?? ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      fileExists: (name) => files.has(name) || ts.sys.fileExists(name),
      readFile: (name) => files.get(name)?.text ?? ts.sys.readFile(name),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      ...(ts.sys.realpath && { realpath: ts.sys.realpath }),
    });
  }

  /**
   * Compiles all candidates in one program, and returns those that fail.
   *
   * @param {readonly Candidate[]} candidates
   * @returns {{example: Candidate, problems: string[]}[]}
   */
  problemsOf(candidates) {
    const named = candidates.map((example, i) => {
      const lines = example.text.split("\n");
      const imports = [...example.imports, ...lines.filter(isImport)];
      const body = lines.filter((line) => !isImport(line));
      const text = [...imports, "export async function* example() {", ...body, "}"].join("\n");
      return { example, name: this.#set(`example${i}.ts`, text) };
    });
    return named.flatMap(({ example, name }) => {
      const syntax = this.#service.getSyntacticDiagnostics(name);
      const found = syntax.length > 0 ? syntax : this.#service.getSemanticDiagnostics(name);
      const problems = found
        .filter(({ category }) => category === ts.DiagnosticCategory.Error)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
      return problems.length > 0 ? [{ example, problems }] : [];
    });
  }

  /**
   * Returns the names that each of the modules exports. One program answers for all of them, because a program takes
   * seconds.
   *
   * @param {readonly string[]} specifiers
   */
  exportsOf(specifiers) {
    const unique = [...new Set(specifiers)];
    const name = this.#set(
      "exports.ts",
      unique.map((one, i) => `import * as m${i} from ${JSON.stringify(one)};`).join("\n"),
    );
    const program = this.#service.getProgram();
    const checker = program?.getTypeChecker();
    const statements = program?.getSourceFile(name)?.statements ?? [];
    const found = statements.flatMap((one) => (ts.isImportDeclaration(one) ? [one.moduleSpecifier] : []));
    return new Map(
      found.map((specifier, i) => {
        const symbol = checker?.getSymbolAtLocation(specifier);
        return [unique[i], new Set(symbol && checker?.getExportsOfModule(symbol).map((one) => one.name))];
      }),
    );
  }

  /** @param {string} file @param {string} text */
  #set(file, text) {
    const name = join(this.#root, "packages/testing", file); // from this folder, TypeScript finds the types of Node.js
    const before = this.#files.get(name);
    if (before?.text !== text) this.#files.set(name, { text, version: (before?.version ?? 0) + 1 });
    return name;
  }
}

/** Returns the source paths of the packages' entries, by the names that users import. @param {string} root */
function entriesOf(root) {
  const packages = ["core", "node", "browser", "testing", "fetch", "websocket", "inspector", "redis"].map((name) =>
    join(root, "packages", name),
  );
  const libraries = ["reconnecting-websocket", "graphql-ws", "mqtt", "undici", "fastify", "hono", "@hono/node-server"];
  const typed = ["express", "ws"]; // their types are packages of their own
  return Object.fromEntries([
    ...libraries.map((name) => [name, [join(root, "packages/conformance/node_modules", name)]]),
    ...typed.map((name) => [name, [join(root, "packages/conformance/node_modules/@types", name)]]),
    ...packages.flatMap((folder) => {
      const { name, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      return Object.entries(exports).map(([entry, paths]) => [
        `${name}${entry.slice(1)}`,
        [join(folder, paths["handclasp-source"])],
      ]);
    }),
  ]);
}

const isImport = (/** @type {string} */ line) => line.startsWith("import ");

/**
 * Returns an import for each missing name that a module exports, from the first such module.
 *
 * @param {readonly {entry: string, names: ReadonlySet<string>}[]} tables
 * @param {readonly string[]} missing
 */
function importsOf(tables, missing) {
  return [...new Set(missing)].flatMap((name) => {
    const table = tables.find(({ names }) => names.has(name));
    return table ? [`import { ${name} } from ${JSON.stringify(table.entry)};`] : [];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const files = execFileSync("git", ["ls-files", "packages/*/src/*.ts"], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
  const examples = files.flatMap((file) =>
    examplesOf(readFileSync(join(root, file), "utf8")).map((example) => ({ file, ...example })),
  );
  const pages = execFileSync("git", ["ls-files", "README.md", "docs/*.md", "packages/*/README.md"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of pages.trim().split("\n"))
    examples.push(...snippetsOf(readFileSync(join(root, file), "utf8")).map((snippet) => ({ file, ...snippet })));
  const failed = compile(root, examples);
  for (const { file, line, problems } of failed)
    console.log(`${file}:${line}: the example does not compile:\n  ${problems.join("\n  ")}`);
  console.log(`${examples.length} examples, ${failed.length} do not compile`);
  process.exitCode = failed.length > 0 || examples.length === 0 ? 1 : 0;
}
