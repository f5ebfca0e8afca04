#!/usr/bin/env node
/**
 * A shim that fails at once. The runner's report on it contains the failure that each negative test expects.
 * @module
 */
if (process.argv.includes("-is-handshaker-supported")) console.log("No");
else {
  console.error("this shim always fails");
  process.exitCode = 1;
}
