/**
 * `pnpm size`: compares the sizes of pages' first loads and of some entries with the limits in .size-limit.json. For
 * a first load, it bundles a page with code splitting and keeps the chunks that the page loads before it can connect,
 * because size-limit alone would count the chunks that load later too.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { run } from "./lib/process.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The pages whose first load is measured, and the script of each. */
const pages = {
  "first-load": 'import { connect } from "@handclasp/browser"; globalThis.connect = connect;',
  "first-load-fetch": 'import { createFetch } from "@handclasp/browser/fetch"; globalThis.createFetch = createFetch;',
  "first-load-websocket":
    'import { SecureWebSocket } from "@handclasp/browser/websocket"; ' +
    "globalThis.SecureWebSocket = SecureWebSocket;",
};
for (const [name, script] of Object.entries(pages))
  await bundleFirstLoad(script, join(root, "node_modules/.cache", name));

const { ok, output } = await run("size-limit", []);
console.log(output);
process.exitCode = ok ? 0 : 1;

/** @type {(script: string, out: string) => Promise<void>} */
async function bundleFirstLoad(script, out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: script,
      // The folder from which esbuild finds the browser package.
      resolveDir: join(root, "e2e"),
    },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: out,
    metafile: true,
    write: false,
    logLevel: "error",
  });

  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  /** @type {(name: string, seen?: Set<string>) => Set<string>} */
  const staticImports = (name, seen = new Set()) => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const { kind, path } of outputs.get(name)?.imports ?? [])
      if (kind === "import-statement") staticImports(basename(path), seen);
    return seen;
  };
  const firstLoad = staticImports("stdin.js");
  for (const { path, contents } of outputFiles)
    if (firstLoad.has(basename(path))) await writeFile(join(out, basename(path)), contents);
}
