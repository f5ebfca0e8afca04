/**
 * Runtimes that are processes: Node.js, Bun, Deno, and Node.js with jsdom's globals. Programs that this machine lacks
 * come from npm, in npm's cache.
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Launch, type Launched, Missing } from "./launch.ts";

const runFile = promisify(execFile);

/** Starts a program that comes from npm. The script comes after `arguments_`. */
export const launchProgram =
  (npm: string, program: string, arguments_: readonly string[] = []): Launch =>
  async ({ file }) => {
    const path = await fromNpm(npm, program);
    return { ...launch(path, [...arguments_, file]), version: await versionOf(path) };
  };

/** Starts the Node.js that runs this, if it has the version, otherwise that of npm. */
export const launchNode = (major: number): Launch =>
  process.versions.node.startsWith(`${major}.`)
    ? async ({ file }) => ({ ...launch(process.execPath, [file]), version: process.versions.node })
    : launchProgram(`node@${major}`, "node");

/** Starts Node.js with the globals of jsdom, as test runners do. */
export const launchJsdom: Launch = async ({ file, origin }) => {
  const { version } = createRequire(import.meta.url)("jsdom/package.json") as { version: string };
  const program = join(import.meta.dirname, "runtimes-jsdom.js");
  return { ...launch(process.execPath, [program, file, origin]), version };
};

/** The path of a program of a package, which npm installs if its cache lacks it. */
export async function fromNpm(npm: string, program: string): Promise<string> {
  try {
    const { stdout } = await runFile("npx", ["--yes", "-p", npm, "-c", `command -v ${program}`], { timeout: 300_000 });
    return stdout.trim();
  } catch (error) {
    throw new Missing(`npm gives no ${npm}: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** The first version number that the program prints. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await runFile(path, ["--version"]);
  return /\d+[\d.-]*\d/.exec(stdout)?.[0] ?? stdout.trim();
}

export function launch(path: string, arguments_: readonly string[]): Omit<Launched, "version"> {
  const child = spawn(path, arguments_, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-2_000);
    });
  const ended = new Promise<never>((_, reject) => {
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`the process ended with ${code} before its report: ${output}`)));
  });
  ended.catch(() => {});
  return {
    ended,
    async close() {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
  };
}
