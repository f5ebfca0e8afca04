/**
 * Compiles the programs in consumers/ as a user would: with the declarations in dist, outside this workspace and
 * without its settings, with each TypeScript version that we support, for Node.js (with and without lib.dom) and for a
 * page.
 *
 *   node scripts/consumers.mjs
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./lib/process.mjs";
import { runConcurrently } from "./lib/steps.mjs";

const typescripts = ["tools/node_modules/typescript-5.9", "tools/node_modules/typescript", "node_modules/typescript"];

const onNode = { program: "node.ts", packages: ["core", "node"], types: ["node"] };
const hosts = [
  { host: "Node.js", ...onNode, lib: ["ES2022"] },
  { host: "Node.js and lib.dom", ...onNode, lib: ["ES2022", "DOM"] },
  { host: "a page", program: "page.ts", packages: ["core", "browser"], types: [], lib: ["ES2022", "DOM"] },
];

const resolutions = [
  { module: "node16", moduleResolution: "node16" },
  { module: "esnext", moduleResolution: "bundler" },
];

const folder = mkdtempSync(join(tmpdir(), "handclasp-consumers-"));
try {
  install();
  const compilations = typescripts.flatMap((typescript) =>
    hosts.flatMap((host) => resolutions.map((resolution) => () => compile(typescript, host, resolution))),
  );
  for (const failure of await runConcurrently(2, compilations)) {
    if (!failure) continue;
    console.error(failure);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Makes node_modules as npm would, except that the `exports` also have the condition handclasp-source, which users do
 * not set.
 */
function install() {
  cpSync(join(root, "scripts/consumers"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const scope of ["@handclasp", "@types"]) mkdirSync(join(folder, "node_modules", scope), { recursive: true });
  for (const name of ["core", "node", "browser"]) {
    symlinkSync(join(root, "packages", name), join(folder, "node_modules/@handclasp", name), "junction");
  }
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "junction");
}

/**
 * @param {string} typescript the folder of the TypeScript package
 * @param {(typeof hosts)[number]} host
 * @param {(typeof resolutions)[number]} resolution
 * @returns {Promise<string | undefined>} the errors, or `undefined` if it compiles
 */
async function compile(typescript, { host, program, packages, lib, types }, resolution) {
  const { version } = readManifest(join(root, typescript));
  const name = `${version}-${host}-${resolution.moduleResolution}`.replaceAll(/[^\w.-]/g, "-");
  // Import every entry, so that the compiler checks all declarations and not only those that the program needs.
  const imports = packages.flatMap(entriesOf).map((entry) => `import "${entry}";\n`);
  writeFileSync(join(folder, `${name}.ts`), imports.join(""));
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
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [program, `${name}.ts`] }));
  const { ok, output } = await run(process.execPath, [join(root, typescript, "bin/tsc"), "-p", project]);
  return ok ? undefined : `TypeScript ${version}, ${host}, moduleResolution ${resolution.moduleResolution}:\n${output}`;
}

/** @returns {string[]} */
function entriesOf(/** @type {string} */ name) {
  const { exports } = readManifest(join(root, "packages", name));
  return Object.keys(exports).map((path) => `@handclasp/${name}${path.slice(1)}`);
}

/** @returns {{ version: string, exports: Record<string, unknown> }} */
function readManifest(/** @type {string} */ path) {
  return JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
}
