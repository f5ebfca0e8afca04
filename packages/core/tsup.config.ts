import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "tsup";
import { library, shared } from "../../tsup.base.ts";

export default defineConfig([
  library(),
  {
    ...shared,
    // In Node.js, what a process loads first is a matter of files more than of bytes: @noble, thirty more, comes along.
    entry: { whole: "src/whole.ts", keys: "src/keys.ts", noble: "src/noble.ts" },
    outDir: "dist/node",
    noExternal: [/^@noble\//],
    clean: true,
    // One file: what a page loads late stands in it.
    esbuildPlugins: [
      {
        name: "explain-now",
        setup(build) {
          build.onResolve({ filter: /\/late\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir, "now.ts") }));
        },
      },
    ],
    // Whoever passes it on passes their licences on.
    async onSuccess() {
      const licences = ["hashes", "curves", "ciphers"].map(
        (name) => `@noble/${name}\n\n${readFileSync(`node_modules/@noble/${name}/LICENSE`, "utf8")}`,
      );
      writeFileSync("dist/node/LICENSES.txt", licences.join("\n\n"));
    },
  },
]);
