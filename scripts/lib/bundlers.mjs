/** Bundles the programs of scripts/consumers with each bundler, through its API and with settings that users have. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";

/**
 * Writes the bundles to `built/NAME` in the folder.
 *
 * @param {string} folder the outside project
 */
export async function bundleAll(folder) {
  const page = join(folder, "programs/page.js");
  const out = (/** @type {string} */ name) => join(folder, "programs/built", name);
  mkdirSync(out(""), { recursive: true });
  await Promise.all([
    esbuild({ ...esbuildOptions, entryPoints: [page], outdir: out("esbuild") }),
    esbuild({
      ...esbuildOptions,
      platform: "node",
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      entryPoints: [join(folder, "programs/service.js")],
      outdir: out("esbuild-service"),
    }),
    withRollup(page, out("rollup")),
    withWebpack(page, out("webpack")),
    withVite(folder, page, out("vite"), {}),
    withVite(folder, page, out("vite-ssr-external"), { build: { ssr: true } }),
    withVite(folder, page, out("vite-ssr-bundled"), { build: { ssr: true }, ssr: { noExternal: true } }),
  ]);
}

/** @satisfies {import("esbuild").BuildOptions} */
const esbuildOptions = /** @type {const} */ ({
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  logLevel: "silent", // a failure is an error too
});

/**
 * @param {string} entry
 * @param {string} dir
 */
async function withRollup(entry, dir) {
  const onwarn = (/** @type {{message: string}} */ { message }) => {
    throw new Error(`rollup warns: ${message}`);
  };
  const bundle = await rollup({ input: entry, plugins: [nodeResolve({ browser: true })], onwarn });
  await bundle.write({ dir, format: "es", entryFileNames: "[name].js" });
  await bundle.close();
}

/**
 * @param {string} root
 * @param {string} input
 * @param {string} outDir
 * @param {import("vite").InlineConfig} more
 */
async function withVite(root, input, outDir, { build, ...more }) {
  await vite({
    root,
    configFile: false,
    logLevel: "error",
    ...more,
    build: {
      ...build,
      outDir,
      modulePreload: false,
      // Without it, an entry that is a script and not a page exports nothing.
      rolldownOptions: { input, preserveEntrySignatures: "strict", output: { entryFileNames: "[name].js" } },
    },
  });
}

/**
 * @param {string} entry
 * @param {string} path
 */
async function withWebpack(entry, path) {
  const compiler = webpack({
    mode: "production",
    entry: { page: entry },
    target: ["web", "es2022"],
    experiments: { outputModule: true },
    output: {
      path,
      filename: "[name].js",
      module: true,
      library: { type: "module" },
      chunkFormat: "module",
      chunkLoading: "import",
    },
    optimization: { minimize: false },
    performance: false,
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
  if (errors.length + warnings.length > 0)
    throw new Error([...errors, ...warnings].map(({ message }) => `webpack: ${message}`).join("\n"));
}
