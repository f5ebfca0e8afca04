/**
 * Starts the victim's process and calls its methods.
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Methods } from "./protocol.ts";

/** The victim's program: from `dist` if this module is bundled, from `src` if a test imports it. */
const script = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/hostile-victim.js" : "hostile-victim.js", import.meta.url),
);

export class Victim {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #id = 0;
  #said = "";
  /** The reason why the process ended. `undefined` while it runs. */
  death: string | undefined;

  constructor(clock: "real" | "manual") {
    this.#child = fork(script, [clock], {
      execArgv: ["--expose-gc", "--disable-warning=DEP0151"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString()).slice(-2_000);
    });
    this.#child.on("message", ({ id, result, error }: { id: number; result: never; error?: string }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    this.#child.on("exit", (code, signal) => {
      this.death = `the victim's process ended (${signal ?? code}): ${this.#said}`;
      for (const call of this.#calls.values()) call.reject(new Error(this.death));
      this.#calls.clear();
    });
  }

  call<M extends keyof Methods>(method: M, ...params: Parameters<Methods[M]>): ReturnType<Methods[M]> {
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      if (this.death !== undefined) return reject(new Error(this.death));
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, method, params });
    }) as ReturnType<Methods[M]>;
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
