import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Identity } from "./subjects/subject.ts";
import type { Methods } from "./worker.ts";

type Params<M extends keyof Methods> = Parameters<Methods[M]>;

/** One side of one subject: a child process. `call` calls its methods (worker.ts) over IPC. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #id = 0;

  /** With a `worktree`, the subject is the build of Handclasp there. Otherwise it is a subject of subjects/all.ts. */
  constructor(subject: string, execArgv: readonly string[] = [], worktree?: string) {
    const script = fileURLToPath(new URL("worker.js", import.meta.url));
    const args = worktree === undefined ? [subject] : [subject, worktree];
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
    // The process exits by itself, so that Node can write a profile if execArgv enables one.
    this.#child.disconnect();
  }
}

/** A subject, and the worktree that has its build. */
type Source = readonly [subject: string, worktree?: string];

/** "down" is from server to client, "up" from client to server. */
export type Direction = "down" | "up";

/** Wall time, and CPU time of both sides, in ms. */
export interface Cost {
  readonly wall: number;
  readonly client: number;
  readonly server: number;
}

/** Messages of `size` bytes that each connection of the client sends, and how many in a second. */
export interface Load {
  readonly size: number;
  readonly rate: number;
  readonly seconds: number;
  /** Whether the server answers each message with as many bytes. */
  readonly answered: boolean;
}

/** The client and the server of one subject, in two processes that run until the end of all rounds. */
export class Pair {
  readonly name: string;
  readonly client: Worker;
  readonly server: Worker;

  private constructor(name: string, execArgv: readonly string[], [subject, worktree]: Source) {
    this.name = name;
    this.client = new Worker(subject, execArgv, worktree);
    this.server = new Worker(subject, execArgv, worktree);
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
      // A client that resumes has opened and closed a channel to get its session.
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

  /**
   * Opens `count` more channels, `parallel` at a time. `alreadyOpen` is the number of channels that are open already.
   */
  async connect(count: number, alreadyOpen = 0, parallel = 1): Promise<void> {
    await this.client.call("connect", { count, parallel });
    await this.server.call("waitForChannels", { count: alreadyOpen + count });
  }

  async close(): Promise<void> {
    await Promise.all([this.client.call("closeAll"), this.server.call("closeAll")]);
  }

  /** Measures the time of an action, and the CPU time that both sides spend on it. */
  async cost(action: () => Promise<unknown>): Promise<Cost> {
    await Promise.all([this.client.call("startCpuClock"), this.server.call("startCpuClock")]);
    const start = performance.now();
    await action();
    const wall = performance.now() - start;
    const [client, server] = await Promise.all([this.client.call("readCpuClock"), this.server.call("readCpuClock")]);
    return { wall, client, server };
  }

  /** Sends `count` chunks of `size` bytes in one direction over each of the first `channels` channels. */
  async transfer(direction: Direction, size: number, count: number, channels = 1): Promise<Cost> {
    const [sender, receiver] = this.ends(direction);
    await receiver.call("expectBytes", { bytes: size * count * channels });
    const chunks = { size, count, channelCount: channels };
    return this.cost(() => Promise.all([sender.call("pump", chunks), receiver.call("waitForBytes")]));
  }

  /** Sends a load from all channels of the client, evenly in time. */
  async trickle({ size, rate, seconds, answered }: Load): Promise<Cost> {
    const receiver = answered ? this.client : this.server;
    const { channelCount } = await this.server.call("answer", { answered });
    await receiver.call("expectBytes", { bytes: size * rate * seconds * channelCount });
    const load = { size, rate, seconds };
    return this.cost(() => Promise.all([this.client.call("trickle", load), receiver.call("waitForBytes")]));
  }

  /** Sends the messages of the recording that the sender has loaded, whose total length is `bytes`. */
  async resend(direction: Direction, bytes: number): Promise<Cost> {
    const [sender, receiver] = this.ends(direction);
    await receiver.call("expectBytes", { bytes });
    return this.cost(() => Promise.all([sender.call("resend"), receiver.call("waitForBytes")]));
  }

  /** The sender and the receiver. */
  ends(direction: Direction): [Worker, Worker] {
    return direction === "down" ? [this.server, this.client] : [this.client, this.server];
  }

  /** Performs `count` handshakes in sequence, each over a new transport. Closing the channels is not timed. */
  async handshakes(count: number): Promise<Cost> {
    const cost = await this.cost(() => this.connect(count));
    await this.close();
    return cost;
  }
}
