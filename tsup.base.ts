import { readFileSync } from "node:fs";
import type { Options } from "tsup";

type Manifest = { exports: Record<string, { "handclasp-source": string; default: string }> };

/**
 * Returns the build options of a library package: one entry for each of the package's `exports`, shared chunks, and no
 * declarations.
 */
export function library(): Options {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  const entries = Object.values(manifest.exports).map((paths) => {
    const name = paths.default.replace(/^\.\/dist\/(.+)\.js$/, "$1");
    return [name, paths["handclasp-source"]];
  });
  return { ...shared, entry: Object.fromEntries(entries) };
}

export const shared: Options = {
  format: "esm",
  target: "es2022",
  splitting: true,
  sourcemap: true,
  dts: false,
  // Chunk names contain a hash, so each build removes the old chunks. It keeps `node/`, which core's other build
  // writes, and the declarations, which `tsc -b` writes to the same folder.
  clean: ["!node/**", "!**/*.d.ts", "!**/*.d.ts.map", "!.tsbuildinfo"],
};
