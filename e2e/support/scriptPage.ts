/** A web server with a page whose script is bundled from files of this folder. */
import { fileURLToPath } from "node:url";
import { type PageServer, startPageServer } from "@handclasp/testing/playwright";
import { build } from "esbuild";

/** Starts a server whose page runs fetching.ts and slowReader.ts. */
export async function startScriptPage(): Promise<PageServer> {
  const { outputFiles } = await build({
    stdin: {
      // The first import replaces the page's WebSocket, which the others take.
      contents: 'import "./countedWebSocket.ts"; import "./fetching.ts"; import "./slowReader.ts";',
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    bundle: true,
    format: "iife",
    target: "es2022",
    write: false,
    logLevel: "error", // a chunk that is imported for its effects alone is no mistake
  });
  return startPageServer(outputFiles[0]?.text);
}
