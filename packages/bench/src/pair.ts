import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Identity } from "./subjects/subject.ts";
import type { Methods } from "./worker.ts";

type Params<M extends keyof Methods> = Parameters<Methods[M]>;

/** One side of one subject: a child process that executes the methods of worker.ts. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #id = 0;

  /** `from` is the worktree whose build is measured. Without it, the subject is one of subjects/all.ts. */
  constructor(subject: string, execArgv: readonly string[] = [], from?: string) {
    const script = fileURLToPath(new URL("worker.js", import.meta.url));
    const args = from === undefined ? [subject] : [subject, from];
    this.#child = fork(script, args, { execArgv: ["--expose-gc", "--disable-warning=DEP0151", ...execArgv] });
    this.#child.on("message", ({ id, result, error }: { id: number; result: never; error?: string }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    });
    this.#child.on("exit", (code) => {
      for (const call of this.#calls.values()) call.reject(new Error(`the process of ${subject} ended (${code})`));
    });
  }

  call<M extends keyof Methods>(method: M, ...[params]: Params<M>): ReturnType<Methods[M]> {
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, method, params });
    }) as ReturnType<Methods[M]>;
  }

  stop(): void {
    // The process exits by itself, so that it can write a profile that its arguments request.
    this.#child.disconnect();
  }
}

/** A subject, and the worktree that has its build. */
type Source = readonly [subject: string, from?: string];

/** "down" is from the server to the client. */
export type Direction = "down" | "up";

/** Wall time, and CPU time of both sides, in ms. */
export interface Cost {
  readonly wall: number;
  readonly client: number;
  readonly server: number;
}

/** Client and server of one subject, in two processes that run for all rounds. */
export class Pair {
  readonly name: string;
  readonly client: Worker;
  readonly server: Worker;

  private constructor(name: string, execArgv: readonly string[], [subject, from]: Source) {
    this.name = name;
    this.client = new Worker(subject, execArgv, from);
    this.server = new Worker(subject, execArgv, from);
  }

  static async start(
    name: string,
    identity: Identity,
    execArgv: readonly string[] = [],
    source: Source = [name],
  ): Promise<Pair> {
    const pair = new Pair(name, execArgv, source);
    try {
      const { port } = await pair.server.call("serve", identity);
      await pair.client.call("prepare", { identity, port });
      // A client that resumes has opened a channel to get its session.
      await pair.server.call("closeAll");
      return pair;
    } catch (error) {
      pair.stop();
      throw error;
    }
  }

  stop(): void {
    this.client.stop();
    this.server.stop();
  }

  /** Opens `count` more channels, when `open` channels are open already. */
  async connect(count: number, open = 0, parallel = 1): Promise<void> {
    await this.client.call("connect", { count, parallel });
    await this.server.call("channels", { count: open + count });
  }

  async close(): Promise<void> {
    await Promise.all([this.client.call("closeAll"), this.server.call("closeAll")]);
  }

  /** Measures what `action` costs both sides. */
  async cost(action: () => Promise<unknown>): Promise<Cost> {
    await Promise.all([this.client.call("mark"), this.server.call("mark")]);
    const start = performance.now();
    await action();
    const wall = performance.now() - start;
    const [client, server] = await Promise.all([this.client.call("cpu"), this.server.call("cpu")]);
    return { wall, client, server };
  }

  /** Sends `count` chunks of `size` bytes over each of `over` channels, one way. */
  async transfer(direction: Direction, size: number, count: number, over = 1): Promise<Cost> {
    const [from, to] = this.ends(direction);
    await to.call("expect", { bytes: size * count * over });
    return this.cost(() => Promise.all([from.call("pump", { size, count, over }), to.call("arrived")]));
  }

  /** Sends the messages of the sender's recording, `bytes` in total. */
  async resend(direction: Direction, bytes: number): Promise<Cost> {
    const [from, to] = this.ends(direction);
    await to.call("expect", { bytes });
    return this.cost(() => Promise.all([from.call("resend"), to.call("arrived")]));
  }

  /** The sender, and the receiver. */
  ends(direction: Direction): [Worker, Worker] {
    return direction === "down" ? [this.server, this.client] : [this.client, this.server];
  }

  /** Runs `count` handshakes one after the other, each on a new transport. Closing the channels is not measured. */
  async handshakes(count: number): Promise<Cost> {
    const cost = await this.cost(() => this.connect(count));
    await this.close();
    return cost;
  }
}
