import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleProgram } from "./bundle.ts";
import type { Report } from "./protocol.ts";
import { type Runner, startRunner } from "./runner.ts";
import type { Runtime } from "./runtimes.ts";

export interface Row extends Report {
  readonly runtime: Runtime;
  readonly version: string;
}

/**
 * Runs the program in one runtime after the other. Yields a row for each, or the error for a runtime that did not run.
 * @param only a regular expression for the names of the core suite's tests
 */
export async function* runIn(
  runtimes: readonly Runtime[],
  only: string,
): AsyncGenerator<Row | { readonly runtime: Runtime; readonly error: Error }> {
  const runner = await startRunner();
  try {
    for (const runtime of runtimes) {
      try {
        yield await runOne(runner, runtime, only);
      } catch (error) {
        yield { runtime, error: error as Error };
      }
    }
  } finally {
    await runner.close();
  }
}

async function runOne(runner: Runner, runtime: Runtime, only: string): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "handclasp-runtime-"));
  try {
    const script = await bundleProgram(runtime.program, runner.origin, only);
    const file = join(folder, "program.mjs");
    await writeFile(file, script);
    runner.serve(script);
    const { report, failed } = runner.expectReport();
    const { version, ended, close } = await runtime.launch({ file, origin: runner.origin });
    ended.catch(failed);
    try {
      return { runtime, version, ...(await report) };
    } finally {
      await close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether everything worked that the table has. */
export const isGreen = ({ suite, echoed, isResumed }: Report): boolean =>
  suite.passed > 0 && suite.failures.length === 0 && echoed > 0 && isResumed;
