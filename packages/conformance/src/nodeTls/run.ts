import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Carrier } from "./tests.ts";

export type Outcome = "passed" | "skipped" | "failed";

export interface TestResult {
  readonly name: string;
  readonly outcome: Outcome;
  /** The last lines of the output, if the test failed. */
  readonly output: string;
}

export interface RunOptions {
  /** The folder that has `test/parallel` and `test/common` of Node.js. */
  readonly tree: string;
  readonly carrier: Carrier;
  /** Tests node:tls itself, for comparison. */
  readonly isNative: boolean;
}

/** A test that hangs is ended after this time, in milliseconds. It is longer than the time limit of a handshake. */
const timeLimit = 240_000;

/** Runs one test in a process of its own, as Node.js's test runner does. */
export function runTest(name: string, { tree, carrier, isNative }: RunOptions): Promise<TestResult> {
  const file = join(tree, "test/parallel", `test-tls-${name}.js`);
  const [, flags = ""] = /^\/\/ Flags: (.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
  const preload = isNative ? [] : ["--import", join(import.meta.dirname, "node-tls-preload.js")];
  const child = spawn(process.execPath, [...flags.split(" ").filter(Boolean), ...preload, file], {
    env: { ...process.env, HANDCLASP_NODE_TESTS: tree, HANDCLASP_NODE_TESTS_CARRIER: carrier },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-4_000);
    });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeLimit);
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const skipped = code === 0 && /^1\.\.0 # Skipped/m.test(output);
      const outcome = code !== 0 ? "failed" : skipped ? "skipped" : "passed";
      resolve({ name, outcome, output: signal ? `ended by ${signal}\n${output}` : output });
    });
  });
}
