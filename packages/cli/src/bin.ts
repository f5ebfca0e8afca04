#!/usr/bin/env node
/**
 * The command `handclasp`.
 * @module
 */
import { main } from "./main.ts";

process.stdout.on("error", () => process.exit(1)); // the reader has closed the pipe
process.exitCode = await main(process.argv.slice(2));
// Node.js sends the last bytes in the background. A peer that does not close its side keeps the process running for at
// most 2 s.
setTimeout(() => process.exit(), 2_000).unref();
