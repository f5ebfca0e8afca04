/**
 * A soak: connections open, echo and close for a time, while some are killed, a server is drained and restarted,
 * certificates and ticket keys are replaced, and Redis is killed and comes back.
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { testCa } from "@handclasp/testing";
import { startPlainRedis } from "../interop/services.ts";
import type {
  ClientCommand,
  ClientCounts,
  ClientMessage,
  Rest,
  ServerCommand,
  ServerMessage,
  ServerSetup,
  Side,
  Target,
} from "./protocol.ts";

export interface SoakOptions {
  readonly seconds: number;
  /** How many connections are open at a time. */
  readonly connections: number;
  /** The mean time between two writes of a connection, in milliseconds. */
  readonly pause: number;
  /** Gets a line for each thing that happens. */
  readonly log: (line: string) => void;
}

export interface SoakReport {
  readonly counts: ClientCounts;
  /** Connections in which a side saw the clean end, and did not have all bytes of the other side's resolved writes. */
  readonly incomplete: readonly string[];
  /** Clean ends that were compared. */
  readonly compared: number;
  /** Those among them whose server had not read the name, and so had written nothing. */
  readonly withoutServer: number;
  readonly errors: readonly string[];
  /** Each process at rest: before the soak and after it. */
  readonly rests: Readonly<Record<string, readonly [Rest, Rest]>>;
  readonly rotations: number;
  readonly redisErrors: number;
}

const serverCount = 3;
/** How long a process may take to come to rest: sockets close one after the other. */
const patience = 60_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function runSoak({ seconds, connections, pause, log }: SoakOptions): Promise<SoakReport> {
  const soak = new Soak(log);
  const stop: (() => Promise<unknown> | void)[] = [() => soak.stop()];
  try {
    const ca = await testCa();
    const certificate = await ca.issue();
    let redis = await startPlainRedis();
    stop.push(() => redis.stop());
    let setup: ServerSetup = {
      cert: certificate.cert,
      key: certificate.key,
      redis: redis.port,
      secret: randomBytes(32).toString("hex"),
      rotation: Math.max(5, Math.floor(seconds / 8)),
    };
    await soak.start(setup, ca.pem);

    /** Runs the clients while all happens that may happen to a fleet. */
    const phase = async (length: number): Promise<ClientCounts> => {
      const step = (length * 1_000) / 5;
      soak.clients({ type: "start", connections, pause });
      await sleep(step);
      log("new certificates");
      const renewed = await ca.issue();
      setup = { ...setup, cert: renewed.cert, key: renewed.key };
      soak.servers({ type: "certificate", cert: renewed.cert, key: renewed.key });
      await sleep(step);
      log("a server is drained and restarted");
      await soak.restart(serverCount - 1, setup);
      await sleep(step);
      log("Redis is killed");
      soak.clients({ type: "redis", isUp: false });
      await redis.stop();
      await sleep(step);
      log("Redis is back");
      redis = await startPlainRedis(redis.port);
      await sleep(Math.min(step, 1_000));
      soak.clients({ type: "redis", isUp: true });
      await sleep(Math.max(0, step - 1_000));
      return soak.pause();
    };

    // V8 compiles code that has run often. A heap can be compared after all of the code has.
    const warmUp = seconds / 3;
    log(`warm-up: ${warmUp.toFixed(0)} s`);
    await phase(warmUp);
    const before = await soak.rest();
    log("the soak begins");
    const counts = await phase(seconds - warmUp);
    log("at rest");
    const after = await soak.rest(before);
    await soak.drain();
    const rests: Record<string, readonly [Rest, Rest]> = {};
    // The server that was restarted has no measurement of before.
    for (const [name, rest] of Object.entries(before))
      if (name !== `server ${serverCount - 1}`) rests[name] = [rest, after[name] as Rest];
    return { counts, rests, ...soak.compare() };
  } finally {
    for (const one of stop) await one();
  }
}

class Soak {
  readonly #log: (line: string) => void;
  readonly #errors: string[] = [];
  /** The sides of all connections, by their names. */
  readonly #served = new Map<string, Side>();
  readonly #visited = new Map<string, Side>();
  #servers: ChildProcess[] = [];
  #clients!: ChildProcess;
  #targets: Target[] = [];
  #rotations = 0;
  #redisErrors = 0;
  /** The connections that a server has served without having read their name. */
  #unnamed = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  async start(setup: ServerSetup, ca: string): Promise<void> {
    this.#clients = this.#fork("soak-clients", this.#visited);
    this.#clients.send({ ca });
    for (let i = 0; i < serverCount; i++) await this.#startServer(i, setup);
    await this.#tellTargets();
  }

  clients(command: ClientCommand): void {
    this.#clients.send(command);
  }

  servers(command: ServerCommand): void {
    for (const server of this.#servers) server.send(command);
  }

  /** Clients stop to come, and the server closes when the others have finished. */
  async restart(place: number, setup: ServerSetup): Promise<void> {
    this.#targets[place] = null;
    await this.#tellTargets();
    await this.#drain(this.#servers[place] as ChildProcess);
    await this.#startServer(place, setup);
    await this.#tellTargets();
  }

  async pause(): Promise<ClientCounts> {
    this.clients({ type: "pause" });
    return (await this.#next(this.#clients, "paused")).counts;
  }

  /** Measures each process. With a measurement of before, waits until the resources are those of before. */
  async rest(before?: Readonly<Record<string, Rest>>): Promise<Record<string, Rest>> {
    const rests: Record<string, Rest> = {};
    const measure = async (name: string, child: ChildProcess): Promise<void> => {
      const end = Date.now() + patience;
      for (;;) {
        child.send({ type: "rest" });
        const { rest } = await this.#next(child, "rest");
        rests[name] = rest;
        const expected = before?.[name];
        const isSame = expected && JSON.stringify(rest.resources) === JSON.stringify(expected.resources);
        const isAtRest =
          rest.connections === 0 && (before ? isSame || !expected : !("TCPConnectWrap" in rest.resources));
        if (isAtRest || Date.now() > end) return;
        await sleep(250);
      }
    };
    if (!before) await sleep(1_000); // sockets that close
    for (const [i, server] of this.#servers.entries()) await measure(`server ${i}`, server);
    await measure("clients", this.#clients);
    return rests;
  }

  async drain(): Promise<void> {
    await Promise.all(this.#servers.map((server) => this.#drain(server)));
  }

  /** Compares both sides of all connections. */
  compare() {
    const incomplete: string[] = [];
    let [compared, withoutServer] = [0, 0];
    for (const name of this.#served.keys())
      if (!this.#visited.has(name)) incomplete.push(`${name}: the client's side is not known`);
    for (const [name, client] of this.#visited) {
      const server = this.#served.get(name);
      if (!client.isKilled && server && !server.isClean)
        incomplete.push(`${name}: the server saw no clean end of a connection that was not killed`);
      if (!server && client.read > 0) incomplete.push(`${name}: the server's side is not known`);
      if (client.isClean) {
        compared++;
        if (!server) withoutServer++;
        else if (client.read < server.written)
          incomplete.push(`${name}: the client has ${client.read} of ${server.written} bytes`);
      }
      if (server?.isClean) {
        compared++;
        if (client.isKilled) incomplete.push(`${name}: the server saw a clean end of a connection that was killed`);
        if (server.read < client.written)
          incomplete.push(`${name}: the server has ${server.read} of ${client.written} bytes`);
      }
    }
    // A server that drained has read no name of these, and has written nothing.
    if (withoutServer > this.#unnamed)
      incomplete.push(`${withoutServer} clean ends have no side of a server, which has served ${this.#unnamed} such`);
    return {
      incomplete,
      compared,
      withoutServer,
      errors: this.#errors,
      rotations: this.#rotations,
      redisErrors: this.#redisErrors,
    };
  }

  stop(): void {
    for (const child of [...this.#servers, this.#clients]) child?.kill("SIGKILL");
  }

  async #startServer(place: number, setup: ServerSetup): Promise<void> {
    const child = this.#fork("soak-server", this.#served);
    this.#servers[place] = child;
    child.send(setup);
    const { tcp, ws } = await this.#next(child, "listening");
    this.#targets[place] = { tcp, ws };
  }

  async #drain(server: ChildProcess): Promise<void> {
    server.send({ type: "drain" });
    await this.#next(server, "drained");
    server.disconnect();
    await once(server, "exit");
  }

  async #tellTargets(): Promise<void> {
    this.clients({ type: "targets", targets: this.#targets });
    await this.#next(this.#clients, "left");
  }

  #fork(name: string, sides: Map<string, Side>): ChildProcess {
    const folder = import.meta.url.endsWith(".ts") ? "../../dist/" : "./";
    const child = fork(fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url)), {
      execArgv: ["--disable-warning=ExperimentalWarning"], // of v8.queryObjects, which counts timers
    });
    child.on("message", (message: ServerMessage | ClientMessage) => {
      if (message.type === "sides") for (const [key, side] of Object.entries(message.sides)) sides.set(key, side);
      if (message.type === "counts") {
        this.#rotations += message.rotations;
        this.#redisErrors += message.redisErrors;
        this.#unnamed += message.unnamed;
      }
      if (message.type === "error") {
        this.#errors.push(message.error);
        this.#log(message.error);
      }
    });
    return child;
  }

  /** The next message of a type. Rejects if the process ends. */
  #next<Type extends Message["type"]>(child: ChildProcess, type: Type): Promise<Extract<Message, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const onExit = (code: unknown, signal: unknown): void =>
        reject(new Error(`a process of the soak has ended: ${String(signal ?? code)}`));
      const onMessage = (message: Message): void => {
        if (message.type !== type) return;
        child.off("message", onMessage).off("exit", onExit);
        resolve(message as Extract<Message, { type: Type }>);
      };
      child.on("message", onMessage).on("exit", onExit);
    });
  }
}

type Message = ServerMessage | ClientMessage;

export interface SoakLimits {
  /** The factor by which a heap, and the memory outside it, may grow. */
  readonly growth: number;
  /** The share of sessions of other processes that are resumed: those in tickets, and those in Redis. */
  readonly tickets: number;
  readonly ids: number;
}

export function faultsOf(report: SoakReport, limits: SoakLimits): readonly string[] {
  const { counts, compared, incomplete, errors, rests, rotations, redisErrors } = report;
  const faults = [...incomplete, ...errors];
  // A soak without such an event has not tested it.
  for (const [what, count] of Object.entries({ ...counts, compared, rotations, redisErrors }))
    if (!(count > 0)) faults.push(`${what}: none`);
  const { offeredTickets, resumedTickets, offeredIds, resumedIds } = counts;
  if (resumedTickets < limits.tickets * offeredTickets)
    faults.push(
      `resumed ${resumedTickets} of ${offeredTickets} tickets of other processes, fewer than ${limits.tickets}`,
    );
  if (resumedIds < limits.ids * offeredIds)
    faults.push(
      `resumed ${resumedIds} of ${offeredIds} sessions that other processes have put into Redis, fewer than ` +
        `${limits.ids}: a call of Redis that takes longer than 250 ms loses one`,
    );
  for (const [name, [before, after]] of Object.entries(rests)) {
    if (after.connections) faults.push(`${name}: ${after.connections} connections are left`);
    const [old, now] = [before, after].map(({ resources }) => JSON.stringify(resources));
    if (old !== now) faults.push(`${name}: ${now} keep the process alive, before it was ${old}`);
    if (after.timers > before.timers) faults.push(`${name}: ${after.timers} timers, before it were ${before.timers}`);
    for (const memory of ["heap", "external"] as const)
      if (after[memory] > limits.growth * before[memory])
        faults.push(`${name}: ${memory} grew from ${before[memory]} to ${after[memory]} bytes`);
  }
  return faults;
}
