/**
 * The built command as a child process.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  stdout(): Buffer;
  stderr(): string;
  /** Resolves once stdout or stderr has a match. */
  said(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Starts a program, the command unless told otherwise. */
export function start(
  args: readonly string[],
  program: readonly [string, ...string[]] = [process.execPath, bin],
): Running {
  const [file, ...first] = program;
  const child = spawn(file, [...first, ...args], { stdio: "pipe" });
  child.stdin.on("error", () => {}); // it may end before it has read everything
  const got = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const text = (stream: "stdout" | "stderr"): Buffer => Buffer.concat(got[stream]);
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].on("data", (bytes: Buffer) => got[stream].push(bytes));
  const ended = once(child, "close").then(
    ([code]): Ended => ({ code, stdout: text("stdout"), stderr: text("stderr").toString() }),
  );
  return {
    process: child,
    stdout: () => text("stdout"),
    stderr: () => text("stderr").toString(),
    async said(stream, pattern) {
      for (let over = false; ; ) {
        const match = pattern.exec(text(stream).toString());
        if (match) return match;
        if (over) throw new Error(`it ended without ${pattern}: ${text("stderr").toString()}`);
        over = await Promise.race([once(child[stream], "data").then(() => false), ended.then(() => true)]);
      }
    },
    ended,
  };
}

/** Runs the command to its end, with this input. */
export function run(args: readonly string[], input: string | Uint8Array = ""): Promise<Ended> {
  const running = start(args);
  running.process.stdin.end(input);
  return running.ended;
}

export interface Server extends Running {
  readonly ws: string;
  readonly tcp: string;
  /** Its events so far. */
  events(): Record<string, unknown>[];
  stop(): Promise<Ended>;
}

/** `handclasp serve` over both transports, with `--json`. */
export async function serve(...args: string[]): Promise<Server> {
  const running = start(["serve", "--ws", "0", "--tcp", "0", "--json", ...args]);
  const tcp = (await running.said("stderr", /^listening (tcp:.*)$/m))[1] as string;
  const ws = (await running.said("stderr", /^listening (ws:.*)$/m))[1] as string;
  return {
    ...running,
    ws,
    tcp,
    events: () => jsonLines(running.stdout().toString()),
    stop: () => {
      running.process.kill("SIGTERM");
      return running.ended;
    },
  };
}

export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A folder of its own, which `certs` makes and `remove` removes. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = join(tmpdir(), `handclasp-cli-${randomUUID()}`);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
