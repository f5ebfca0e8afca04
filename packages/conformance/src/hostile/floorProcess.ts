/**
 * Measures in a separate process how much CPU time node:crypto needs to open a record.
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SuiteName } from "./rawKeys.ts";

/** The CPU time per record, in µs. */
export async function floorOf(suite: SuiteName, size: number, count: number): Promise<number> {
  const program = fileURLToPath(new URL("hostile-floor.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, suite, String(size), String(count)]);
  return Number(stdout);
}
