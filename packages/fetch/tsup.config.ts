import { readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsup";
import { library } from "../../tsup.base.ts";

export default defineConfig({
  ...library(),
  // The build includes the parser, because it needs a `Buffer`, which a page does not have.
  noExternal: ["bare-http-parser"],
  esbuildOptions(options) {
    options.inject = ["src/buffer.ts"];
  },
  async onSuccess() {
    const licence = readFileSync("node_modules/bare-http-parser/LICENSE", "utf8");
    writeFileSync("dist/LICENSES.txt", `bare-http-parser\n\n${licence}`);
  },
});
