/**
 * The parts that the adapters to metrics have in common.
 * @module
 */
import { TlsError } from "@handclasp/core";
import type { ObservedServer, ServerEvent, ServerMeasures } from "./events.ts";

export const states = ["handshaking", "open", "closing"] as const;

/** The sums over all servers that share their metrics. */
export class Measured {
  readonly #servers = new Set<ObservedServer>();
  readonly #stopped = new WeakSet<ObservedServer>();
  /** The traffic of the servers that have stopped. */
  #ended: ServerMeasures["traffic"] = { bytesReceived: 0, bytesSent: 0, recordsReceived: 0, recordsSent: 0 };
  /** The measures of this turn. A page of several metrics then looks at each connection only once. */
  #current: ServerMeasures | undefined;

  /** Counts the server of an event, until it has stopped. */
  add({ type, server }: ServerEvent): void {
    if (type !== "stopped") {
      if (!this.#stopped.has(server)) this.#servers.add(server);
      return;
    }
    this.#current = undefined;
    this.#ended = trafficOf([{ traffic: this.#ended }, server.measure()]);
    this.#servers.delete(server);
    this.#stopped.add(server);
  }

  measure(): ServerMeasures {
    if (!this.#current) {
      this.#current = this.#sum();
      queueMicrotask(() => {
        this.#current = undefined;
      });
    }
    return this.#current;
  }

  #sum(): ServerMeasures {
    const all = [...this.#servers].map((server) => server.measure());
    const sum = (numberOf: (one: ServerMeasures) => number): number =>
      all.reduce((total, one) => total + numberOf(one), 0);
    const left = all.flatMap(({ fewestRecordsLeft }) => fewestRecordsLeft ?? []);
    return {
      connections: {
        handshaking: sum(({ connections }) => connections.handshaking),
        open: sum(({ connections }) => connections.open),
        closing: sum(({ connections }) => connections.closing),
      },
      queues: {
        handshakes: sum(({ queues }) => queues.handshakes),
        calls: sum(({ queues }) => queues.calls),
        pendingCalls: sum(({ queues }) => queues.pendingCalls),
        sendBytes: sum(({ queues }) => queues.sendBytes),
      },
      traffic: trafficOf([{ traffic: this.#ended }, ...all]),
      fewestRecordsLeft: left.length ? Math.min(...left) : undefined,
    };
  }
}

type Sums = { -readonly [Name in keyof ServerMeasures["traffic"]]: number };

function trafficOf(all: readonly Pick<ServerMeasures, "traffic">[]): ServerMeasures["traffic"] {
  const sums: Sums = { bytesReceived: 0, bytesSent: 0, recordsReceived: 0, recordsSent: 0 };
  for (const { traffic } of all) for (const name of Object.keys(sums) as (keyof Sums)[]) sums[name] += traffic[name];
  return sums;
}

/**
 * Counts events by their labels, for a library that is asked only when its page is read: a counter of prom-client makes
 * a text of all labels each time. The values are constants, so that a Map finds them by their identity.
 */
export class Tally<Label extends string> {
  readonly #names: readonly Label[];
  readonly #root: Branch<Label> = new Map();
  readonly #leaves: Leaf<Label>[] = [];

  constructor(names: readonly Label[]) {
    this.#names = names;
  }

  count(labels: Readonly<Record<Label, string>>): void {
    this.#leafOf(labels).count++;
  }

  /** Passes on what was counted since the last call. */
  flush(add: (labels: Readonly<Record<Label, string>>, count: number) => void): void {
    for (const leaf of this.#leaves) {
      if (leaf.count) add(leaf.labels, leaf.count);
      leaf.count = 0;
    }
  }

  #leafOf(labels: Readonly<Record<Label, string>>): Leaf<Label> {
    let branch = this.#root;
    const last = this.#names.length - 1;
    for (let i = 0; i < last; i++) {
      const value = labels[this.#names[i] as Label];
      const next = (branch.get(value) as Branch<Label> | undefined) ?? new Map();
      branch.set(value, next);
      branch = next;
    }
    const value = labels[this.#names[last] as Label];
    let leaf = branch.get(value) as Leaf<Label> | undefined;
    if (!leaf) {
      leaf = { labels: { ...labels }, count: 0 };
      branch.set(value, leaf);
      this.#leaves.push(leaf);
    }
    return leaf;
  }
}

interface Leaf<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  count: number;
}
type Branch<Label extends string> = Map<string, Branch<Label> | Leaf<Label>>;

/** The labels of a handshake. Each has a limited number of values, because no client chooses them freely. */
export const handshakeLabels = ({
  outcome,
  error,
  attributes,
}: Extract<ServerEvent, { type: "handshake" }>): HandshakeLabels => ({
  outcome,
  code: codeOf(error),
  suite: String(attributes["tls.cipher"] ?? ""),
  group: String(attributes["tls.curve"] ?? ""),
  resumed: String(attributes["tls.resumed"] ?? ""),
});

type HandshakeLabels = Readonly<Record<"outcome" | "code" | "suite" | "group" | "resumed", string>>;

/** The code of an error, and an empty text without one. */
export const codeOf = (error: unknown): string =>
  error === undefined ? "" : TlsError.is(error) ? error.code : "unknown";

/** A peer may send any number as an alert. */
export const alertName = (description: string | number): string =>
  typeof description === "string" ? description : "unknown";
