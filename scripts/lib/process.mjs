/**
 * Runs child processes: with a time limit, collecting their output, or in the foreground. Ends them when a signal ends
 * this process.
 */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** @import { ChildProcess } from "node:child_process" */

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The environment without the variables that npm sets for its scripts, because pnpm would read them as settings. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
const path = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH"; // Windows: Path
environment[path] = `${join(root, "node_modules", ".bin")}${delimiter}${environment[path]}`;

const isWindows = process.platform === "win32";

/** @type {Set<ChildProcess>} */
const running = new Set();

/** @type {ChildProcess | undefined} */
let foreground;

/**
 * Runs a command until it ends and returns its output. `ok` is false if the command fails, does not start, or does not
 * end in time.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv, minutes?: number, cwd?: string}} [options]
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export function run(command, args, { env = {}, minutes = 10, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...options(command, { ...env, CI: "true" }), // CI: the command asks no questions
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      detached: !isWindows, // a new process group, so that `end` ends a browser with the runner that started it
    });
    running.add(child);
    let output = "";
    const finish = (/** @type {boolean} */ ok) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ ok, output: stripVTControlCharacters(output) });
    };
    const timer = setTimeout(() => {
      output += `\n${command} was stopped: not done after ${minutes} minutes\n`;
      end(child);
    }, minutes * 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
        output += text;
      });
    }
    child.on("error", (error) => {
      output += `${error.message}\n`;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });
}

/**
 * Runs a command with our own input and output until it ends, and returns its exit code.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runForeground(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    foreground = spawn(command, args, { ...options(command, env), stdio: "inherit" });
    foreground.on("error", reject);
    foreground.on("close", (code) => {
      foreground = undefined;
      resolve(code ?? 1);
    });
  });
}

/**
 * @param {string} command
 * @param {NodeJS.ProcessEnv} env
 */
function options(command, env) {
  const shell = isWindows && command !== process.execPath; // Windows starts .cmd files only through a shell
  return { cwd: root, env: { ...environment, ...env }, shell };
}

/** @param {ChildProcess} child */
function end(child) {
  try {
    if (isWindows || child.pid === undefined) child.kill();
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // The process has already ended.
  }
}

/** @param {number} code */
function endAll(code) {
  for (const child of running) end(child);
  process.exit(code);
}

/** @param {number} code the exit code if no command is in the foreground */
const stop = (code) => void (foreground ? foreground.kill("SIGTERM") : endAll(code));

// On Ctrl-C, the terminal also sends SIGINT to the command in the foreground, which then ends by itself.
process.on("SIGINT", () => void ((foreground && isatty(0)) || stop(130)));
process.on("SIGTERM", () => stop(143));
process.on("SIGHUP", () => stop(129));

// npm passes SIGTERM on to the shell in which it runs a script, and the shell ends without passing it on. The system
// then gives this process another parent. On Windows, the parent's ID never changes.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined && !isWindows) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop(143);
  }, 500).unref();
}
