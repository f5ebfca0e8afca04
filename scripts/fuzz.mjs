/**
 * Runs the fuzz tests and the model tests with 200,000 inputs, ten times as many as in `npm test`, or with INPUTS:
 *
 *   node scripts/fuzz.mjs [INPUTS]
 */
import { runForeground } from "./lib/process.mjs";

const [inputs = "200000"] = process.argv.slice(2);
process.exitCode = await runForeground("vitest", ["run", "--project", "unit", "fuzz", "model"], {
  HANDCLASP_FUZZ: inputs,
});
