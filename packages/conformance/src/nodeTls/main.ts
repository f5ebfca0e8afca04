#!/usr/bin/env node
/**
 * Runs Node.js's own tests of node:tls with `@handclasp/node/tls` in its place: docs/node-tls.md.
 *
 *   pnpm node-tls [--carrier ws] [--native] [NAME…]
 * @module
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type RunOptions, runTest, type TestResult } from "./run.ts";
import { readLists } from "./tests.ts";

const { values, positionals } = parseArgs({
  options: {
    carrier: { type: "string", default: "tcp" },
    native: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

process.exitCode = await main();

async function main(): Promise<number> {
  // The preloaded module compares this path with the paths of the tests.
  const tree = process.env.HANDCLASP_NODE_TESTS && resolve(process.env.HANDCLASP_NODE_TESTS);
  const { carrier, native: isNative, verbose } = values;
  if (!tree || (carrier !== "tcp" && carrier !== "ws")) {
    console.error("Set HANDCLASP_NODE_TESTS to a folder with test/parallel and test/common of Node.js 20.11.1.");
    console.error("usage: pnpm node-tls [--carrier tcp|ws] [--native] [--verbose] [NAME...]");
    return 2;
  }
  const document = readFileSync(join(import.meta.dirname, "../../../docs/node-tls.md"), "utf8");
  const { tests, exceptions } = readLists(document, carrier);
  const selected = positionals.length ? positionals : tests;
  const print = ({ name, outcome, output }: TestResult): void => {
    if (outcome === "passed") return;
    console.log(`${outcome} ${name}${exceptions.has(name) ? ` (${exceptions.get(name)})` : ""}`);
    if (verbose) console.log(output.replace(/^/gm, "    "));
  };
  const results = await runAll(selected, { tree, carrier, isNative }, print);
  const passed = results.filter(({ outcome }) => outcome === "passed");
  console.log(`${passed.length} of ${results.length} passed`);
  if (isNative) return 0;
  const unexpected = results.filter(({ name, outcome }) => outcome !== "passed" && !exceptions.has(name));
  const needless = passed.filter(({ name }) => exceptions.has(name));
  if (unexpected.length) console.log(`not listed in docs/node-tls.md: ${unexpected.map(({ name }) => name).join(" ")}`);
  if (needless.length) console.log(`listed, but passed: ${needless.map(({ name }) => name).join(" ")}`);
  return unexpected.length || needless.length ? 1 : 0;
}

/** Runs two tests at a time: most of them wait more than they compute. */
async function runAll(
  names: readonly string[],
  options: RunOptions,
  onResult: (result: TestResult) => void,
): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  const waiting = names.entries();
  const worker = async (): Promise<void> => {
    for (const [index, name] of waiting) {
      const result = await runTest(name, options);
      results[index] = result;
      onResult(result);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}
