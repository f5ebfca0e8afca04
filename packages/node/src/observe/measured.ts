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
