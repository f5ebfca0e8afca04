import { join } from "node:path";
import { build } from "esbuild";

export type ProgramName = "node" | "page" | "workerd";

/** Makes one script of a program and of the sources of our packages. */
export async function bundleProgram(program: ProgramName, origin: string, only: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, `../src/runtimes/programs/${program}.ts`)],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    conditions: ["handclasp-source"],
    logLevel: "error",
    define: { handclaspRunner: JSON.stringify(origin), handclaspOnly: JSON.stringify(only) },
    ...(program === "node" && {
      platform: "node",
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    }),
  });
  return outputFiles[0]?.text ?? "";
}
