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
    banner: {
      js: "/*! with parts of @noble/hashes, @noble/curves and @noble/ciphers: MIT License (c) Paul Miller (paulmillr.com) */",
    },
    esbuildOptions(options) {
      // Names stay, for whoever reads a stack.
      options.minifyWhitespace = true;
      options.minifySyntax = true;
    },
  },
]);
