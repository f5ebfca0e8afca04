import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { defineConfig } from "tsup";
import { library, shared } from "../../tsup.base.ts";

const noble = ["hashes", "curves", "ciphers"];
/** The entries that `allEntries.ts` does not export. */
const separate = ["keys", "messages", "messageSessions", "noble"];
const entries = library().entry as Record<string, string>;

export default defineConfig([
  library(),
  {
    ...shared,
    // In Node.js, the loading time depends more on the number of files than on their size. The build therefore includes
    // the code of @noble, which has thirty files.
    entry: {
      allEntries: "src/allEntries.ts",
      keys: "src/keys.ts",
      messages: "src/messages.ts",
      messageSessions: "src/messageSessions.ts",
      noble: "src/noble.ts",
    },
    outDir: "dist/node",
    noExternal: [/^@noble\//],
    clean: true,
    // The code that a page loads on first use is part of the same file here.
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
      // The files include code of the @noble packages, so the licences of those packages must be included too.
      const licences = noble.map(
        (name) => `@noble/${name}\n\n${readFileSync(`node_modules/@noble/${name}/LICENSE`, "utf8")}`,
      );
      writeFileSync("dist/node/LICENSES.txt", licences.join("\n\n"));
      await writeEntries();
    },
  },
]);

/** Writes a file for each entry, which re-exports the names of that entry from `allEntries.js`. */
async function writeEntries(): Promise<void> {
  const entryPoints = Object.fromEntries(Object.entries(entries).filter(([name]) => !separate.includes(name)));
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
