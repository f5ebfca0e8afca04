import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { defineConfig } from "tsup";
import { library, shared } from "../../tsup.base.ts";

const noble = ["hashes", "curves", "ciphers"];
/** In a file of its own: they hold nothing of what is in the others. */
const apart = ["keys", "noble"];
const entries = library().entry as Record<string, string>;

export default defineConfig([
  library(),
  {
    ...shared,
    // In Node.js, what a process loads first is a matter of files more than of bytes: @noble, thirty more, comes along.
    entry: { allEntries: "src/allEntries.ts", keys: "src/keys.ts", noble: "src/noble.ts" },
    outDir: "dist/node",
    noExternal: [/^@noble\//],
    clean: true,
    // One file: what a page loads late stands in it.
    esbuildPlugins: [
      {
        name: "eager",
        setup(build) {
          build.onResolve({ filter: /\/lazy\.ts$/ }, ({ resolveDir, path }) => ({
            path: join(resolveDir, dirname(path), "eager.ts"),
          }));
        },
      },
    ],
    async onSuccess() {
      // Whoever passes it on passes their licences on.
      const licences = noble.map(
        (name) => `@noble/${name}\n\n${readFileSync(`node_modules/@noble/${name}/LICENSE`, "utf8")}`,
      );
      writeFileSync("dist/node/LICENSES.txt", licences.join("\n\n"));
      await writeEntries();
    },
  },
]);

/** Each entry shows what it has, and no more: it takes its names from the one file that all of them are. */
async function writeEntries(): Promise<void> {
  const entryPoints = Object.fromEntries(Object.entries(entries).filter(([name]) => !apart.includes(name)));
  const { metafile } = await build({
    entryPoints,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    outdir: "dist/node",
    external: ["@noble/*"],
    logLevel: "error",
  });
  for (const [file, { exports }] of Object.entries(metafile.outputs)) {
    mkdirSync(dirname(file), { recursive: true });
    const allEntries = relative(dirname(file), "dist/node/allEntries.js");
    writeFileSync(
      file,
      `export { ${exports.join(", ")} } from "${allEntries.startsWith(".") ? allEntries : `./${allEntries}`}";\n`,
    );
  }
}
