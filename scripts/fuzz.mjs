/**
 * Ten times as much fuzzing as `npm test` does, or as many inputs as one says:
 *
 *   node scripts/fuzz.mjs [INPUTS]
 */
import { runForeground } from "./lib/process.mjs";

const [inputs = "200000"] = process.argv.slice(2);
process.exitCode = await runForeground("vitest", ["run", "--project", "unit", "fuzz", "model"], {
  HANDCLASP_FUZZ: inputs,
});
