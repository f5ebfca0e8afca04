import { defineConfig } from "tsup";
import { shared } from "../../tsup.base.ts";

export default defineConfig({
  ...shared,
  entry: ["src/main.ts", "src/worker.ts", "src/load.ts", "src/loadMain.ts"],
});
