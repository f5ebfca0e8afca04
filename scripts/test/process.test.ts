import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";

const library = fileURLToPath(new URL("../lib/process.mjs", import.meta.url));
/** Prints its process ID, and runs until a signal ends it. */
const command = "console.log(process.pid); setInterval(() => {}, 1000)";
const script = `
  import { runForeground } from ${JSON.stringify(library)};
  process.exitCode = await runForeground(process.execPath, ["-e", ${JSON.stringify(command)}]);
`;

let commandId: number | undefined;

/** Starts a process that runs the command by `runForeground`, and waits until the command runs. */
async function start(file: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, npm_lifecycle_event: "start", SCRIPT: script },
  });
  const [line] = await once(child.stdout, "data");
  commandId = Number(line);
  return child;
}

const runs = (id: number | undefined): boolean => {
  try {
    return process.kill(id as number, 0);
  } catch {
    return false;
  }
};

afterEach(() => {
  if (runs(commandId)) process.kill(commandId as number, "SIGKILL");
});

const ended = () => vi.waitFor(() => expect(runs(commandId)).toBe(false), { timeout: 60_000, interval: 50 });

// Windows has none of these signals, and no such shell.
if (process.platform !== "win32") {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s ends the command in the foreground, and then the script",
    async (signal) => {
      const child = await start(process.execPath, ["--input-type=module", "-e", script]);
      child.kill(signal);
      await ended();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  );

  test("the command ends when the shell in which npm runs the script has ended", async () => {
    // npm signals only the shell, which does not pass the signal on. The last command keeps the shell from exec.
    const shell = await start("sh", ["-c", `"${process.execPath}" --input-type=module -e "$SCRIPT"; true`]);
    shell.kill("SIGTERM");
    await ended();
  });
}
