/**
 * `pnpm runtimes`: runs the core suite, an echo and a resumption in each runtime.
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isGreen, type Row, runIn } from "./run.ts";
import { runtimes } from "./runtimes.ts";
import { withTable } from "./table.ts";

const usage = `pnpm runtimes [--runtime ID]… [--only PATTERN] [--write]

Runs the core suite, an echo of 1 MiB over the runtime's own carrier, and a resumption in each runtime:
${runtimes.map(({ id }) => id).join(", ")}.
Node.js, Bun, Deno and workerd come from npm. --only runs the tests of the core suite whose names match the regular
expression. --write puts the table into README.md; it needs all runtimes and all tests.`;

const { values } = parseArgs({
  options: {
    runtime: { type: "string", multiple: true, default: runtimes.map(({ id }) => id) },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const chosen = runtimes.filter(({ id }) => values.runtime.includes(id));
const isWhole = chosen.length === runtimes.length && !values.only;
const isKnown = values.runtime.every((id) => runtimes.some((runtime) => runtime.id === id));
if (values.help || !isKnown || (values.write && !isWhole)) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}

const rows: Row[] = [];
for await (const row of runIn(chosen, values.only)) {
  if ("error" in row) {
    console.log(`FAIL ${row.runtime.name}: ${row.error.message}`);
    continue;
  }
  const { runtime, version, suite, echoed, isResumed, provider } = row;
  console.log(
    `${isGreen(row) ? "ok  " : "FAIL"} ${runtime.name} ${version}, ${provider}: ${suite.passed} tests passed, ` +
      `${suite.failures.length} failed; ${echoed} bytes echoed; ${isResumed ? "resumed" : "NOT resumed"}`,
  );
  for (const { test, error } of suite.failures)
    console.log(`     ${test}\n       ${error.replaceAll("\n", "\n       ")}`);
  rows.push(row);
}
if (values.write) {
  const readme = join(import.meta.dirname, "../../../README.md");
  writeFileSync(readme, withTable(readFileSync(readme, "utf8"), rows));
}
process.exit(rows.length === chosen.length && rows.every(isGreen) ? 0 : 1);
