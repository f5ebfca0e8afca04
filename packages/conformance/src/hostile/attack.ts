/**
 * An attack, and the arena in which it runs: a victim, raw peers, and the list of findings.
 * @module
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { type TestCa, testCa } from "@handclasp/testing";
import type { AppName, Costs, Ports, Status } from "./protocol.ts";
import { RawTls, type RawTlsOptions, type Step } from "./rawTls.ts";
import { Victim } from "./victimProcess.ts";
import { dial, listenRaw, type TransportKind, type Wire, type WireServer } from "./wire.ts";

/** A value that the attack measured, and its limit. */
export interface Finding {
  readonly what: string;
  readonly got: number;
  readonly most: number;
  /** The limit of a count holds on every machine. A time depends on the machine, so only `pnpm hostile` checks it. */
  readonly kind: "count" | "time";
}

export interface Attack {
  readonly name: string;
  /** `"manual"`: the victim's timers fire when the attack advances its clock. Default `"real"`. */
  readonly clock?: "real" | "manual";
  /** The attack takes too long, or needs too much memory, for the short form. */
  readonly long?: boolean;
  run(arena: Arena): Promise<void>;
}

export interface Material {
  readonly ca: TestCa;
  readonly cert: string;
  readonly key: string;
  readonly chain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

export interface Outcome {
  readonly name: string;
  readonly costs: Costs | undefined;
  readonly findings: readonly Finding[];
  /** The reason why the attack did not complete, or its unhandled rejections. */
  readonly failure: string | undefined;
}

export async function makeMaterial(): Promise<Material> {
  const ca = await testCa();
  const { cert, key, chain } = await ca.issue();
  return { ca, cert, key, chain, privateKey: createPrivateKey(key) };
}

/** Runs one attack on its own victim. */
export async function runAttack(attack: Attack, material: Material, short: boolean): Promise<Outcome> {
  const victim = new Victim(attack.clock ?? "real");
  const arena = new Arena(victim, material, short);
  let costs: Costs | undefined;
  let failure: string | undefined;
  try {
    await within(deadline(short), attack.run(arena));
    costs = await arena.costs();
    arena.expect("unhandled rejections", costs.unhandled.length, 0);
    if (costs.unhandled.length) failure = `unhandled: ${[...new Set(costs.unhandled)].join(", ")}`;
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  arena.expect("victims that exited, or attacks that failed", failure && !costs ? 1 : 0, 0);
  arena.cleanUp();
  victim.stop();
  return { name: attack.name, costs, findings: arena.findings, failure };
}

/** The raw server's side of a connection, and the number of the victim's side, for `status`. */
export interface Dialled {
  readonly tls: RawTls;
  readonly party: number;
}

/** The time limit of an attack, in ms. Without it, an attack on a victim that does not answer would never end. */
const deadline = (short: boolean): number => (short ? 50_000 : 600_000);

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the attack did not end within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The minimum time and number of polls before `until` gives up. */
const pollLimits = { ms: 5_000, polls: 50 };

export class Arena {
  readonly victim: Victim;
  readonly material: Material;
  readonly short: boolean;
  readonly findings: Finding[] = [];
  readonly #wires: Wire[] = [];
  readonly #servers: WireServer[] = [];
  #costs: Costs | undefined;
  #marked = false;

  constructor(victim: Victim, material: Material, short: boolean) {
    this.victim = victim;
    this.material = material;
    this.short = short;
  }

  /** Starts a server. The costs count from the first start, unless the attack calls `mark` later. */
  async start(app: AppName, options: { ca?: string; nodeTls?: boolean } = {}): Promise<Ports> {
    const { cert, key } = this.material;
    const ports = await this.victim.call("start", { app, cert, key, ...options });
    await this.#markOnce();
    return ports;
  }

  async #markOnce(): Promise<void> {
    if (!this.#marked) await this.victim.call("mark");
    this.#marked = true;
  }

  async dial(transport: TransportKind, ports: Ports): Promise<Wire> {
    const wire = await dial(transport, ports[transport]);
    this.#wires.push(wire);
    return wire;
  }

  /** Connects a raw client and runs its handshake up to the step `until`. Default: to its end. */
  async client(
    transport: TransportKind,
    ports: Ports,
    options: RawTlsOptions = {},
    until: Step = "open",
  ): Promise<RawTls> {
    const tls = new RawTls(await this.dial(transport, ports), options);
    await goTo(tls.client(), until);
    return tls;
  }

  /** Starts a raw server. The victim connects to it and runs `app` on the connection. */
  async server(
    transport: TransportKind,
    app: AppName,
    options: RawTlsOptions = {},
    until: Step = "open",
  ): Promise<Dialled> {
    await this.#markOnce();
    const { chain, privateKey, ca } = this.material;
    let accept!: (wire: Wire) => void;
    const accepted = new Promise<Wire>((resolve) => {
      accept = resolve;
    });
    const server = await listenRaw(transport, accept);
    this.#servers.push(server);
    const url = `${transport}://127.0.0.1:${server.port}/`;
    const party = await this.victim.call("connect", { url, ca: ca.pem, app });
    const tls = new RawTls(await accepted, { chain, key: privateKey, ...options });
    await goTo(tls.server(), until);
    return { tls, party };
  }

  status(server: number): Promise<Status> {
    return this.victim.call("status", server);
  }

  /** Polls the status until `condition` holds or the poll limits are reached. */
  async until(server: number, condition: (status: Status) => boolean): Promise<Status> {
    const start = Date.now();
    for (let polls = 0; ; polls++) {
      const status = await this.status(server);
      if (condition(status) || (polls >= pollLimits.polls && Date.now() - start >= pollLimits.ms)) return status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Measures the costs at the first call, at the latest when the attack ends. Later calls return the same costs. */
  async costs(): Promise<Costs> {
    this.#costs ??= await this.victim.call("measure");
    return this.#costs;
  }

  /** Expects that no connection is left, and, if `handlers` is true, no handler. */
  async expectGone(server: number, what = "", handlers = true): Promise<void> {
    const status = await this.until(server, (observed) => !observed.connections && (!handlers || !observed.handlers));
    this.expect(`connections left${what}`, status.connections, 0);
    if (handlers) this.expect(`handlers left${what}`, status.handlers, 0);
  }

  async expectSockets(most: number, what = ""): Promise<void> {
    let sockets = Number.POSITIVE_INFINITY;
    for (let polls = 0; polls < pollLimits.polls && sockets > most; polls++)
      ({ sockets } = await this.victim.call("measure"));
    this.expect(`sockets left${what}`, sockets, most);
  }

  /** Expects that the victim ends the connection, although the peer did not. */
  async expectEnd(wire: Wire): Promise<void> {
    const start = Date.now();
    while (!wire.over && Date.now() - start < pollLimits.ms) await new Promise((resolve) => setTimeout(resolve, 20));
    this.expect("peers whose connection the victim left open", wire.over ? 0 : 1, 0);
  }

  expect(what: string, got: number, most: number, kind: Finding["kind"] = "count"): void {
    this.findings.push({ what, got, most, kind });
  }

  cleanUp(): void {
    for (const wire of this.#wires) wire.socket.destroy();
    for (const server of this.#servers) server.close();
  }
}

/** Continues a handshake up to the step `until`. */
async function goTo(steps: AsyncGenerator<Step, void, void>, until: Step): Promise<void> {
  for await (const step of steps) if (step === until) return;
}

/**
 * An upper bound of the event loop's longest stall, in ms. The wall clock time includes the other load of the machine,
 * and the CPU time includes the threads of the garbage collector. Neither is shorter than the stall.
 */
export const stallOf = ({ stall, stallCpu }: Costs): number => Math.min(stall, stallCpu);

export const heldBytes = ({ heapUsed, external }: Costs): number => heapUsed + external;
export const KiB: number = 2 ** 10;
export const MiB: number = 2 ** 20;
