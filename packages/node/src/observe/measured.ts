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
  /** The measures of this turn. A page of several metrics then looks at each connection only once. */
  #current: ServerMeasures | undefined;

  add(server: ObservedServer): void {
    this.#servers.add(server);
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
      traffic: {
        bytesReceived: sum(({ traffic }) => traffic.bytesReceived),
        bytesSent: sum(({ traffic }) => traffic.bytesSent),
        recordsReceived: sum(({ traffic }) => traffic.recordsReceived),
        recordsSent: sum(({ traffic }) => traffic.recordsSent),
      },
      fewestRecordsLeft: left.length ? Math.min(...left) : undefined,
    };
  }
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
