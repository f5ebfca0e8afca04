/**
 * Programs of others as child processes: bounded in time, heard to the end, and never left behind.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The input ends with the payload; otherwise it stays open until all is back, for programs that take its end for a wish to leave. */
  readonly inputEnds?: boolean;
  /** What it prints is given back to it: an echo for programs that print what they get and send what they read. */
  readonly mirror?: boolean;
  /** Of a client that takes no payload: what it sends instead on each connection, and what it prints once it has the answers. */
  readonly own?: { readonly sends: string; readonly prints: string };
  readonly env?: NodeJS.ProcessEnv;
  /** Then it is ended. Default two minutes, which no peer takes unless it hangs, on a busy machine either. */
  readonly minutes?: number;
}

export interface Running {
  readonly process: ChildProcess;
  /** What it has printed so far, without carriage returns. */
  stdout(): string;
  stderr(): string;
  /** Resolves to the exit code; to null where it was ended. */
  readonly exited: Promise<number | null>;
  /** Ends it where it has not ended, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Where a program is: sbin too, which is not on every PATH. `HANDCLASP_OPENSSL` and the like name another one. */
export function find(program: string): string | undefined {
  const named = process.env[`HANDCLASP_${program.toUpperCase().replaceAll("-", "_")}`];
  if (named) return named;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

export function start({ program, args, cwd, mirror, env, minutes = 2 }: Command): Running {
  const child = spawn(find(program) ?? program, args, {
    stdio: "pipe",
    ...(cwd && { cwd }),
    env: { ...process.env, ...env },
    timeout: minutes * 60_000,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    said.stdout += text;
    // Not pipe(): it would stop reading while the program, which may do one thing at a time, waits for being read.
    if (mirror) child.stdin.write(text, "latin1");
  });
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    said.stderr += text;
  });
  child.stdin.on("error", () => {}); // it may be gone before it has read everything
  const exited = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => {
      said.stderr += error.message;
      resolve(null);
    });
  });
  return {
    process: child,
    stdout: () => said.stdout.replaceAll("\r", ""),
    stderr: () => said.stderr,
    exited,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs a command to its end. The exit code is not looked at where `expected` came. */
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
  const said = `${running.stderr()}\n${running.stdout()}`.trim().slice(-600);
  throw new Error(`${[command.program, ...command.args].join(" ")}: exit code ${code}: ${said}`);
}

/**
 * The first attempt that reaches a server. A server needs a moment until it listens, and does not say when.
 *
 * @param hasEnded gives up at once, where the server is known to be gone
 */
export async function patiently<T>(attempt: () => Promise<T>, hasEnded: () => boolean = () => false): Promise<T> {
  const end = Date.now() + 90_000; // a hang, on a busy machine too
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end || hasEnded() || (error as { code?: string }).code !== "connection_refused") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** For servers that cannot tell which port they took. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
