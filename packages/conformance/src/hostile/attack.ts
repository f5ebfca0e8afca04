/**
 * What an attack is, and what it is given: a victim, raw peers, and a place to say what it found.
 * @module
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { type TestCa, testCa } from "@handclasp/testing";
import type { AppName, Costs, Ports, Status } from "./protocol.ts";
import { RawTls, type RawTlsOptions, type Step } from "./rawTls.ts";
import { Victim } from "./victimProcess.ts";
import { type Carrier, dial, listenRaw, type Wire, type WireServer } from "./wire.ts";

/** A number that the attack has seen, and the most that it may be. */
export interface Finding {
  readonly what: string;
  readonly got: number;
  readonly most: number;
  /** A count is the same on every machine; a time is for `pnpm hostile` alone. */
  readonly kind: "count" | "time";
}

export interface Attack {
  readonly name: string;
  /** `"manual"`: the victim's timers fire when the attack says so. Default `"real"`. */
  readonly clock?: "real" | "manual";
  /** Too long, or too large, for the short form. */
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
  /** Why the attack could not be carried out to its end. */
  readonly broke: string | undefined;
}

export async function makeMaterial(): Promise<Material> {
  const ca = await testCa();
  const { cert, key, chain } = await ca.issue();
  return { ca, cert, key, chain, privateKey: createPrivateKey(key) };
}

/** Runs one attack on a victim of its own. */
export async function carryOut(attack: Attack, material: Material, short: boolean): Promise<Outcome> {
  const victim = new Victim(attack.clock ?? "real");
  const arena = new Arena(victim, material, short);
  let costs: Costs | undefined;
  let broke: string | undefined;
  try {
    await within(deadline(short), attack.run(arena));
    costs = await arena.costs();
    arena.expect("rejections that nobody handled", costs.unhandled.length, 0);
    if (costs.unhandled.length) broke = `unhandled: ${[...new Set(costs.unhandled)].join(", ")}`;
  } catch (error) {
    broke = error instanceof Error ? error.message : String(error);
  }
  arena.expect("victims that ended, or attacks that failed", broke && !costs ? 1 : 0, 0);
  arena.tidyUp();
  victim.stop();
  return { name: attack.name, costs, findings: arena.findings, broke };
}

/** A raw server's end of a connection, and the number under which the victim counts its own end. */
export interface Dialled {
  readonly tls: RawTls;
  readonly party: number;
}

/** A victim that never answers makes an attack wait for ever: that is a failure, not a reason to wait. ms */
const deadline = (short: boolean): number => (short ? 50_000 : 600_000);

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the attack was not over within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a count may take to come down to its limit before it is taken for what it stays at. */
const patience = { ms: 5_000, polls: 50 };

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

  /** What is spent from the first start on is counted, unless the attack marks a later moment. */
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

  async dial(carrier: Carrier, ports: Ports): Promise<Wire> {
    const wire = await dial(carrier, ports[carrier]);
    this.#wires.push(wire);
    return wire;
  }

  /** A raw client that has done its handshake, as far as `until` or to its end. */
  async client(carrier: Carrier, ports: Ports, options: RawTlsOptions = {}, until: Step = "open"): Promise<RawTls> {
    const tls = new RawTls(await this.dial(carrier, ports), options);
    await goTo(tls.client(), until);
    return tls;
  }

  /** A raw server, and one connection to it on which the victim runs `app`. */
  async server(carrier: Carrier, app: AppName, options: RawTlsOptions = {}, until: Step = "open"): Promise<Dialled> {
    await this.#markOnce();
    const { chain, privateKey, ca } = this.material;
    let accept!: (wire: Wire) => void;
    const accepted = new Promise<Wire>((resolve) => {
      accept = resolve;
    });
    const server = await listenRaw(carrier, accept);
    this.#servers.push(server);
    const url = `${carrier}://127.0.0.1:${server.port}/`;
    const party = await this.victim.call("connect", { url, ca: ca.pem, app });
    const tls = new RawTls(await accepted, { chain, key: privateKey, ...options });
    await goTo(tls.server(), until);
    return { tls, party };
  }

  status(server: number): Promise<Status> {
    return this.victim.call("status", server);
  }

  /** Asks until `isSo` holds, or until it is plain that it will not. */
  async until(server: number, isSo: (status: Status) => boolean): Promise<Status> {
    const start = Date.now();
    for (let polls = 0; ; polls++) {
      const status = await this.status(server);
      if (isSo(status) || (polls >= patience.polls && Date.now() - start >= patience.ms)) return status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Freezes what the attack cost. Called by itself at the end, where the attack does not call it. */
  async costs(): Promise<Costs> {
    this.#costs ??= await this.victim.call("measure");
    return this.#costs;
  }

  /** That nothing of these connections is left: neither connections nor handlers. */
  async expectGone(server: number, what = "", handlers = true): Promise<void> {
    const status = await this.until(server, (seen) => !seen.connections && (!handlers || !seen.handlers));
    this.expect(`connections left${what}`, status.connections, 0);
    if (handlers) this.expect(`handlers left${what}`, status.handlers, 0);
  }

  async expectSockets(most: number, what = ""): Promise<void> {
    let sockets = Number.POSITIVE_INFINITY;
    for (let polls = 0; polls < patience.polls && sockets > most; polls++)
      ({ sockets } = await this.victim.call("measure"));
    this.expect(`sockets left${what}`, sockets, most);
  }

  /** That the victim ends its side, which the peer has done nothing to bring about in order. */
  async expectEnd(wire: Wire): Promise<void> {
    const start = Date.now();
    while (!wire.over && Date.now() - start < patience.ms) await new Promise((resolve) => setTimeout(resolve, 20));
    this.expect("peers that were not hung up on", wire.over ? 0 : 1, 0);
  }

  expect(what: string, got: number, most: number, kind: Finding["kind"] = "count"): void {
    this.findings.push({ what, got, most, kind });
  }

  tidyUp(): void {
    for (const wire of this.#wires) wire.socket.destroy();
    for (const server of this.#servers) server.close();
  }
}

/** Takes a handshake as far as `step`. */
async function goTo(steps: AsyncGenerator<Step, void, void>, until: Step): Promise<void> {
  for await (const step of steps) if (step === until) return;
}

/**
 * How long the event loop stood still, ms. On a machine that has other work the wall clock counts that too, and CPU time
 * counts what the collector does on other threads: neither is less than the stall.
 */
export const stallOf = ({ stall, stallCpu }: Costs): number => Math.min(stall, stallCpu);

export const held = ({ heapUsed, external }: Costs): number => heapUsed + external;
export const KiB: number = 2 ** 10;
export const MiB: number = 2 ** 20;
