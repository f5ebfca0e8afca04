import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a script of this package in its own process, without an IPC channel, and parses the JSON that it prints. */
export async function runScript<T>(script: string, params: unknown, execArgv: readonly string[] = []): Promise<T> {
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const args = ["--disable-warning=DEP0151", ...execArgv, path, JSON.stringify(params)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 300_000 }).catch(
    // Throw the script's own error, because the first line of execFile's error is only the command line.
    ({ stderr, message }: Partial<Record<"stderr" | "message", string>>) => {
      throw new Error(/^\w*Error[^:]*: (.*)$/m.exec(stderr ?? "")?.[1] ?? message?.split("\n")[0]);
    },
  );
  return JSON.parse(stdout) as T;
}
