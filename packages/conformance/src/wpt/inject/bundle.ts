import { join } from "node:path";
import { build } from "esbuild";

/** Makes the script that puts our class in the place of the browser's. */
export async function bundlePageScript(ca: string): Promise<string> {
  const source = join(import.meta.dirname, "../src/wpt/inject/page.ts");
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    write: false,
    conditions: ["handclasp-source"],
    logLevel: "error",
    define: { WebSocket: "handclaspNative", handclaspCa: JSON.stringify(ca) },
    banner: { js: "(() => { const handclaspNative = globalThis.WebSocket;" },
    footer: { js: "})();" },
  });
  return outputFiles[0]?.text ?? "";
}
