/**
 * OpenSSL's command as a peer: where it is, what it calls our suites, `s_client` and `s_server` as child processes.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const command = process.env.HANDCLASP_OPENSSL || "openssl";

/** `undefined` where there is none. */
export const opensslVersion: string | undefined = run("version")?.trim();

/** OpenSSL's name of a suite: `ECDHE-RSA-AES128-SHA` for `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA`. */
export function opensslName(suite: string): string {
  names ??= new Map(
    (run("ciphers", "-stdname", "ALL:@SECLEVEL=0") ?? "")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([iana = "", , name = ""]) => [iana, name]),
  );
  const name = names.get(suite);
  if (name === undefined) throw new Error(`${opensslVersion} does not have ${suite}`);
  return name;
}
let names: Map<string, string> | undefined;

function run(...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

export interface OpensslProcess {
  readonly process: ChildProcessWithoutNullStreams;
  /** Its output on stderr. */
  stderr(): string;
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts `openssl ARGS`. */
export function startOpenssl(args: readonly string[]): OpensslProcess {
  const child = spawn(command, args, { stdio: "pipe" });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  child.stdin.on("error", () => {}); // it may be gone before it has read everything
  const exited = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", () => resolve(null));
  });
  return {
    process: child,
    stderr: () => said,
    exited,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * An `s_server` that echoes: what it prints goes back to its input. Quiet, so that nothing else is printed, and no
 * letter is a command.
 */
export async function startEchoServer(
  args: readonly string[],
  version: readonly string[] = ["-tls1_2"],
): Promise<OpensslProcess & { readonly port: number }> {
  const port = await freePort();
  const server = startOpenssl(["s_server", "-accept", `127.0.0.1:${port}`, "-quiet", ...version, ...args]);
  // Not pipe(): it would stop reading while s_server, which does one thing at a time, waits for being read.
  server.process.stdout.on("data", (bytes: Buffer) => server.process.stdin.write(bytes));
  return { ...server, port };
}

/** Quiet, it does not say where it listens, so it has to be told. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Writes texts to files of a folder of their own, for programs that want names. */
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
