/**
 * The command `openssl` as a peer: its version, its names of Handclasp's suites, and `s_client` and `s_server` as child
 * processes.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const command = process.env.HANDCLASP_OPENSSL || "openssl";

/** The text of `openssl version`, or `undefined` without OpenSSL. */
export const opensslVersion: string | undefined = runOpenssl("version")?.trim();

/** OpenSSL's name of a suite: `ECDHE-RSA-AES128-SHA` for `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA`. */
export function opensslName(suite: string): string {
  names ??= new Map(
    (runOpenssl("ciphers", "-stdname", "ALL:@SECLEVEL=0") ?? "")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([iana = "", , name = ""]) => [iana, name]),
  );
  const name = names.get(suite);
  if (name === undefined) throw new Error(`${opensslVersion} does not have ${suite}`);
  return name;
}
let names: Map<string, string> | undefined;

function runOpenssl(...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

export interface OpensslProcess {
  readonly process: ChildProcessWithoutNullStreams;
  /** The text on stderr so far. */
  stderr(): string;
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>;
  /** Kills the process, and waits until it has ended. */
  stop(): Promise<void>;
}

/** Starts `openssl ARGS`. */
export function startOpenssl(args: readonly string[]): OpensslProcess {
  const child = spawn(command, args, { stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  child.stdin.on("error", () => {}); // the process may end before it has read all input
  const exited = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", () => resolve(null));
  });
  return {
    process: child,
    stderr: () => stderr,
    exited,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * Starts an `s_server` that echoes: its output goes back to its input. With `-quiet`, it prints only received data, and
 * does not treat input as commands.
 */
export async function startEchoServer(
  args: readonly string[],
  version: readonly string[] = ["-tls1_2"],
): Promise<OpensslProcess & { readonly port: number }> {
  const port = await freePort();
  const server = startOpenssl(["s_server", "-accept", `127.0.0.1:${port}`, "-quiet", ...version, ...args]);
  // pipe() would deadlock: pipe() stops reading when s_server does not read, and s_server waits until its output is
  // read.
  server.process.stdout.on("data", (bytes: Buffer) => server.process.stdin.write(bytes));
  return { ...server, port };
}

/** A free port. With `-quiet`, s_server does not print its port, so the caller must choose one. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Makes a temporary folder, and writes texts to files in it, for programs that take file names. */
export function temporaryFiles(): { file(name: string, text: string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "handclasp-"));
  return {
    file(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
