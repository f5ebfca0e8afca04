/**
 * Uses the packages as users get them: from their archives, in a project outside this workspace, without its settings.
 *
 * Compiles the programs of consumers/types for Node.js (with and without lib.dom), for CommonJS and for a page: with
 * the oldest and the newest TypeScript that we support, and some of them with the one between, which is slow. Bundles
 * the programs of consumers/programs with esbuild, rollup, Vite and webpack, and runs them, as well as a script of
 * CommonJS, an import on a server and the command line. Runs the tests with Playwright that docs/guide/playwright.md
 * shows, in Chromium.
 *
 *   node scripts/consumers.mjs [--sample]
 *
 * With `--sample`, the oldest TypeScript compiles each host with one resolution of modules, instead of with all.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleAll } from "./lib/bundlers.mjs";
import { installOutside } from "./lib/outside.mjs";
import { pack } from "./lib/packed.mjs";
import { root, run } from "./lib/process.mjs";
import { locate } from "./lib/provision.mjs";
import { runConcurrently } from "./lib/steps.mjs";

const [oldest, middle, newest] = [
  "tools/node_modules/typescript-5.9",
  "tools/node_modules/typescript",
  "node_modules/typescript",
];

const isSample = process.argv.includes("--sample");
const bundler = { module: "esnext", moduleResolution: "bundler" };
const esm = [{ module: "node16", moduleResolution: "node16" }, bundler];
/** The oldest setting of TypeScript that knows that `require` loads an ES module. */
const commonJs = [{ module: "node20", moduleResolution: "node16" }];

const onNode = {
  program: "node.ts",
  packages: /^(?!@handclasp\/(browser|inspector|testing\/playwright))/, // Playwright needs lib.dom
  types: ["node"],
  resolutions: esm,
};
const hosts = [
  { host: "Node.js", ...onNode, lib: ["ES2022"] },
  {
    host: "Node.js and lib.dom",
    ...onNode,
    packages: /^(?!@handclasp\/(browser|inspector))/,
    lib: ["ES2022", "DOM"],
    resolutions: [bundler],
  },
  { host: "CommonJS", ...onNode, program: "required.cts", lib: ["ES2022"], resolutions: commonJs },
  {
    host: "a page",
    program: "page.ts",
    packages: /^@handclasp\/(core|browser|inspector|fetch|websocket)/,
    types: [],
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    resolutions: esm,
  },
];

const folder = mkdtempSync(join(tmpdir(), "handclasp-consumers-"));
try {
  const packages = await pack(folder);
  installOutside(folder, packages);
  const entries = packages.flatMap(({ manifest: { name, exports = {} } }) =>
    Object.keys(exports).map((path) => `${name}${path.slice(1)}`),
  );
  const compilations = [oldest, middle, newest].flatMap((typescript) =>
    hosts.flatMap((host) =>
      host.resolutions
        .filter((resolution) => typescript !== middle || (resolution === bundler && host.lib.length > 1))
        .filter((resolution) => !isSample || typescript !== oldest || resolution === host.resolutions[0])
        .map((resolution) => () => compile(typescript, host, resolution, entries)),
    ),
  );
  const failures = await runConcurrently(2, [() => runPrograms(entries), runSuite, ...compilations]);
  for (const failure of failures) {
    if (!failure) continue;
    console.error(failure);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * @param {readonly string[]} entries
 * @returns {Promise<string | undefined>} the errors, or `undefined` if all programs do what they should
 */
async function runPrograms(entries) {
  try {
    await bundleAll(folder);
  } catch (error) {
    return `a bundle: ${error instanceof Error ? error.stack : String(error)}`;
  }
  const programs = await run(process.execPath, [join(folder, "programs/run.js"), ...entries]);
  const command = await run(process.execPath, ["programs/command.js"], { cwd: folder });
  if (!command.ok) return `the command line: ${command.output}`;
  // Any other line is a warning of Node.js.
  const isQuiet = programs.output.split("\n").every((line) => line === "" || line.startsWith("ok "));
  return programs.ok && isQuiet ? undefined : programs.output;
}

/**
 * Runs the first snippet of docs/guide/playwright.md, which has 6 tests in at most 40 lines.
 *
 * @returns {Promise<string | undefined>} the errors, or `undefined` if all tests pass
 */
async function runSuite() {
  const [, suite = ""] =
    /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, "docs/guide/playwright.md"), "utf8")) ?? [];
  const lines = suite.trimEnd().split("\n").length;
  const tests = suite.match(/^test\(/gm)?.length;
  if (tests !== 6 || lines > 40) return `docs/guide/playwright.md has ${tests} tests in ${lines} lines, not 6 in 40`;
  writeFileSync(join(folder, "suite/guide.spec.ts"), suite);
  const env = await locate("chromium");
  if (!env) return "the tests of docs/guide/playwright.md need Chromium: set HANDCLASP_CHROMIUM to its path";
  const command = join(folder, "node_modules/@playwright/test/cli.js");
  const { ok, output } = await run(process.execPath, [command, "test", "-c", join(folder, "suite")], { env });
  return ok && output.includes("6 passed") ? undefined : `the tests of docs/guide/playwright.md:\n${output}`;
}

/**
 * @param {string} typescript the folder of the TypeScript package
 * @param {(typeof hosts)[number]} host
 * @param {(typeof esm)[number]} resolution
 * @param {readonly string[]} entries
 * @returns {Promise<string | undefined>} the errors, or `undefined` if it compiles
 */
async function compile(typescript, { host, program, packages, lib, types }, resolution, entries) {
  const { version } = JSON.parse(readFileSync(join(root, typescript, "package.json"), "utf8"));
  const name = `${version}-${host}-${resolution.moduleResolution}`.replaceAll(/[^\w.-]/g, "-");
  const imports = `${name}.${program.endsWith(".cts") ? "cts" : "ts"}`;
  // Import every entry, so that the compiler checks all declarations and not only those that the program needs.
  const lines = entries.filter((entry) => packages.test(entry)).map((entry) => `import "${entry}";\n`);
  writeFileSync(join(folder, imports), lines.join(""));
  const compilerOptions = {
    ...resolution,
    lib,
    types,
    target: "ES2022",
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false,
    skipDefaultLibCheck: true, // TypeScript's own declarations
  };
  const project = join(folder, `${name}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [`types/${program}`, imports] }));
  const { ok, output } = await run(process.execPath, [join(root, typescript, "bin/tsc"), "-p", project]);
  return ok ? undefined : `TypeScript ${version}, ${host}, moduleResolution ${resolution.moduleResolution}:\n${output}`;
}
