import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A child process that runs `side.mjs`, which implements the commands. */
export class Side {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #id = 0;

  /** @param flags of V8 */
  constructor(flags: readonly string[] = []) {
    const script = fileURLToPath(new URL("side.mjs", import.meta.url));
    this.#child = fork(script, [], { execArgv: ["--expose-gc", ...flags] });
    this.#child.on("message", ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    this.#child.on("exit", (code) => {
      for (const call of this.#calls.values()) call.reject(new Error(`the process ended (${code})`));
    });
  }

  ask(method: "serve" | "serveRaw" | "open" | "stalled" | "memory", params?: unknown): Promise<number>;
  ask(method: "written" | "read"): Promise<readonly string[]>;
  ask(method: "connect" | "connectRaw" | "close" | "write", params?: unknown): Promise<undefined>;
  ask(method: string, params?: unknown): Promise<unknown> {
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, method, params });
    });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** Runs `action` with two sides, and stops them afterwards. */
export async function withSides<T>(
  action: (server: Side, client: Side) => Promise<T>,
  flags?: readonly string[],
): Promise<T> {
  const [server, client] = [new Side(flags), new Side(flags)];
  try {
    return await action(server, client);
  } finally {
    server.stop();
    client.stop();
  }
}
