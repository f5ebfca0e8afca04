import { join } from "node:path";
import { build } from "esbuild";
import type { Suite } from "../tests.ts";

/**
 * Makes the script that puts our classes or our fetch in the place of the browser's.
 * @param carrier the address of the channels to the HTTP server
 */
export async function bundlePageScript(suite: Suite, ca: string, carrier = ""): Promise<string> {
  const file = suite === "fetch" ? "fetchPage.ts" : "page.ts";
  const source = join(import.meta.dirname, "../src/wpt/inject", file);
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    write: false,
    conditions: ["handclasp-source"],
    logLevel: "error",
    define: {
      WebSocket: "handclaspNative",
      handclaspCa: JSON.stringify(ca),
      handclaspCarrier: JSON.stringify(carrier),
    },
    inject: [join(import.meta.dirname, "../../fetch/src/buffer.ts")],
    banner: { js: "(() => { const handclaspNative = globalThis.WebSocket;" },
    footer: { js: "})();" },
  });
  return outputFiles[0]?.text ?? "";
}
