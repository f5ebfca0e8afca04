/** `pnpm check`: runs the build and every check, without the tests. */
import { runChecks } from "./lib/checks.mjs";
import { step } from "./lib/steps.mjs";

await runChecks(async (name, action) => {
  const { ok } = await step(name, action);
  if (!ok) process.exitCode = 1;
});
