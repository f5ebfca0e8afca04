import { defineConfig } from "tsup";
import { shared } from "../../tsup.base.ts";

export default defineConfig([
  { ...shared, entry: ["src/server.ts", "src/deviceServer.ts"], clean: false },
  {
    ...shared,
    entry: ["src/page/main.ts"],
    outDir: "dist/page",
    platform: "browser",
    clean: true,
    minify: true,
    noExternal: [/./], // a page has no node_modules
    publicDir: "public", // index.html, copied unchanged
  },
]);
