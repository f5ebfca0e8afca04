import { defineConfig } from "tsup";
import { library, shared } from "../../tsup.base.ts";

export default defineConfig([
  { ...library(), clean: [...(shared.clean as string[]), "!page/**"] },
  {
    // The script of a test's page, which needs no bundler. It is made of the sources of the other packages, because
    // the builds of packages have no order.
    entry: { page: "src/page/page.ts" },
    outDir: "dist/page",
    outExtension: () => ({ js: ".js" }),
    format: "iife",
    platform: "browser",
    target: "es2022",
    noExternal: [/./],
    minify: true,
    dts: false,
    esbuildOptions(options) {
      options.conditions = ["handclasp-source"];
    },
  },
]);
