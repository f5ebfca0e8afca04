/**
 * Runs the built command as a child process.
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
  /** Resolves with the match when the output of the stream so far matches `pattern`. */
  waitFor(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Starts a program, by default `handclasp`. */
export function start(
  args: readonly string[],
  program: readonly [string, ...string[]] = [process.execPath, bin],
): Running {
  const [file, ...leadingArgs] = program;
  const child = spawn(file, [...leadingArgs, ...args], { stdio: "pipe" });
  child.stdin.on("error", () => {}); // the program may end before it has read all input
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const text = (stream: "stdout" | "stderr"): Buffer => Buffer.concat(chunks[stream]);
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].on("data", (bytes: Buffer) => chunks[stream].push(bytes));
  const ended = once(child, "close").then(
    ([code]): Ended => ({ code, stdout: text("stdout"), stderr: text("stderr").toString() }),
  );
  return {
    process: child,
    stdout: () => text("stdout"),
    stderr: () => text("stderr").toString(),
    async waitFor(stream, pattern) {
      for (let hasEnded = false; ; ) {
        const match = pattern.exec(text(stream).toString());
        if (match) return match;
        if (hasEnded)
          throw new Error(`the program ended without output that matches ${pattern}: ${text("stderr").toString()}`);
        hasEnded = await Promise.race([once(child[stream], "data").then(() => false), ended.then(() => true)]);
      }
    },
    ended,
  };
}

/** Runs `handclasp` with `input` on stdin until it ends. */
export function run(args: readonly string[], input: string | Uint8Array = ""): Promise<Ended> {
  const running = start(args);
  running.process.stdin.end(input);
  return running.ended;
}

export interface Server extends Running {
  readonly ws: string;
  readonly tcp: string;
  /** All events that the server has printed so far. */
  said(): Record<string, unknown>[];
  /** The events of connections. */
  events(): Record<string, unknown>[];
  stop(): Promise<Ended>;
}

/** Starts `handclasp serve --json` over WebSocket and TCP. */
export async function serve(...args: string[]): Promise<Server> {
  const running = start(["serve", "--ws", "0", "--tcp", "0", "--json", ...args]);
  const tcp = (await running.waitFor("stdout", /"listening","url":"(tcp:[^"]*)"/))[1] as string;
  const ws = (await running.waitFor("stdout", /"listening","url":"(ws:[^"]*)"/))[1] as string;
  const said = (): Record<string, unknown>[] => jsonLines(running.stdout().toString());
  return {
    ...running,
    ws,
    tcp,
    said,
    events: () => said().filter(({ event }) => !/^(certificate|listening|reloaded)$/.test(String(event))),
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

/** The path of a new folder. `handclasp certs` creates the folder, `remove` deletes it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = join(tmpdir(), `handclasp-cli-${randomUUID()}`);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
