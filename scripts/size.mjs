/**
 * `pnpm size`: what a page downloads, against the limits in .size-limit.json. What it has to load before it can connect is cut out of a bundle first, as a
 * bundler with code splitting makes it: size-limit itself would count what is loaded later as well.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { run } from "./lib/process.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "node_modules/.cache/first-load");
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { outputFiles, metafile } = await build({
  stdin: {
    contents: 'import { connect } from "@handclasp/browser"; globalThis.connect = connect;',
    // From where the browser package can be found.
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
const atOnce = (name, seen = new Set()) => {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const { kind, path } of outputs.get(name)?.imports ?? [])
    if (kind === "import-statement") atOnce(basename(path), seen);
  return seen;
};
const first = atOnce("stdin.js");
for (const { path, contents } of outputFiles)
  if (first.has(basename(path))) await writeFile(join(out, basename(path)), contents);

const { ok, output } = await run("size-limit", []);
console.log(output);
process.exitCode = ok ? 0 : 1;
