/**
 * Runs the fuzz tests with 200,000 inputs (or INPUTS), ten times as many as in `npm test`, and the model tests with a
 * number of cases in proportion. Then each byte of the handshakes is altered, instead of one of three:
 *
 *   node scripts/fuzz.mjs [INPUTS]
 */
import { runForeground } from "./lib/process.mjs";

const [inputs = "200000"] = process.argv.slice(2);
process.exitCode = await runForeground("vitest", ["run", "--project", "unit*", "fuzz", "model", "byteflip"], {
  HANDCLASP_FUZZ: inputs,
});
