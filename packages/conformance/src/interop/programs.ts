/**
 * Runs other programs as child processes, with a time limit. Reads all their output, and leaves no process behind.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /**
   * Closes the input after the payload. By default, the input stays open until all output has arrived, because some
   * programs close the connection when their input ends.
   */
  readonly inputEnds?: boolean;
  /** Writes the program's output to its input, so that a program such as s_server becomes an echo server. */
  readonly mirror?: boolean;
  /** For a client that does not send the payload: the data that it sends, and the output that it prints at its end. */
  readonly own?: { readonly sends: string; readonly prints: string };
  readonly env?: NodeJS.ProcessEnv;
  /** Whose rights the program has. Default: those of this process. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The time limit. Default: two minutes, which only a peer that hangs exceeds, even on a busy machine. */
  readonly minutes?: number;
}

export interface Running {
  readonly process: ChildProcess;
  /** The output so far, without carriage returns. */
  stdout(): string;
  stderr(): string;
  /** Resolves to the exit code, or to null if the process was killed. */
  readonly exited: Promise<number | null>;
  /** Kills the process if it still runs, and waits until it has exited. */
  stop(): Promise<void>;
}

/** Debian has PostgreSQL's programs in a folder of its own for each version. */
const postgresFolders = (): string[] => {
  const versions = "/usr/lib/postgresql";
  return existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, "bin")) : [];
};

/**
 * The path of a program. Searches sbin too, because not every PATH contains it. A variable such as `HANDCLASP_OPENSSL`
 * overrides the search.
 */
export function find(program: string): string | undefined {
  const override = process.env[`HANDCLASP_${program.toUpperCase().replaceAll("-", "_")}`];
  if (override) return override;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", ...postgresFolders()];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The programs that run. They end with this process, also when a command such as `pnpm soak` is stopped. */
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

export function start({ program, args, cwd, mirror, env, user, minutes = 2 }: Command): Running {
  const child = spawn(find(program) ?? program, args, {
    stdio: "pipe",
    ...(cwd && { cwd }),
    ...user,
    env: { ...process.env, ...env },
    timeout: minutes * 60_000,
    killSignal: "SIGKILL",
  });
  children.add(child);
  child.once("close", () => children.delete(child));
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    output.stdout += text;
    // pipe() would stop reading while the program's input is full. The program, which waits for a reader, would hang.
    if (mirror) child.stdin.write(text, "latin1");
  });
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    output.stderr += text;
  });
  child.stdin.on("error", () => {}); // the program may exit before it has read all its input
  const exited = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => {
      output.stderr += error.message;
      resolve(null);
    });
  });
  return {
    process: child,
    stdout: () => output.stdout.replaceAll("\r", ""),
    stderr: () => output.stderr,
    exited,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs a command to its end. With `expected`, its output must contain that, and its exit code does not matter. */
export async function run(command: Command, input = "", expected?: string): Promise<string> {
  const running = start(command);
  const stdin = running.process.stdin;
  if (command.inputEnds || expected === undefined) stdin?.end(input);
  else {
    stdin?.write(input);
    running.process.stdout?.on("data", () => {
      if (running.stdout().includes(expected)) stdin?.end();
    });
  }
  const code = await running.exited;
  const ok = expected === undefined ? code === 0 : running.stdout().includes(expected);
  if (ok) return `${running.stdout()}${running.stderr()}`;
  const output = `${running.stderr()}\n${running.stdout()}`.trim().slice(-600);
  throw new Error(`${[command.program, ...command.args].join(" ")}: exit code ${code}: ${output}`);
}

/**
 * Repeats `attempt` until it reaches the server, because a server does not report when it listens.
 *
 * @param hasEnded - returns true if the server has exited, so that there is no further attempt
 */
export async function untilListening<T>(attempt: () => Promise<T>, hasEnded: () => boolean = () => false): Promise<T> {
  const end = Date.now() + 90_000; // only a server that hangs takes this long, even on a busy machine
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end || hasEnded() || (error as { code?: string }).code !== "connection_refused") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/**
 * Finds a free port, for servers that cannot choose and report one. The port is below those that systems give for port
 * 0 and for outgoing connections (32768 and more on Linux), so that no other program gets it before the server listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(16_384, 32_768);
    const probe = createServer().listen(port, "127.0.0.1");
    const isFree = await once(probe, "listening").then(
      () => true,
      () => false,
    );
    probe.close();
    if (isFree) return port;
  }
}
