/**
 * Observes the connections of one server, if it has a listener: an option of the server, or a subscriber of
 * node:diagnostics_channel.
 * @module
 */
import { type Channel, channel } from "node:diagnostics_channel";
import { performance } from "node:perf_hooks"; // the global one is a getter that takes as long as the clock
import type { NotResumed, Session, TlsConnection, Traffic } from "@handclasp/core";
import type { ServerObserver } from "@handclasp/core/unstable/engine";
import type { AdmissionQueues } from "../admission/admission.ts";
import type { RefusedConnection } from "../admission/refusals.ts";
import { notify } from "../notify.ts";
import { attributesOfError, attributesOfPeer, attributesOfSession } from "./attributes.ts";
import type { Attributes, LogFunction, ObservedServer, ServerEvent, ServerMeasures } from "./events.ts";
import { keyWatchInterval, recordsLeftWarning } from "./limits.ts";
import { logEvent } from "./log.ts";

/** The options of a server for metrics and logs. */
export interface ObserveOptions {
  /**
   * Gets the events of the server and its connections, for metrics (docs/observability.md). The same events go to the
   * channels `handclasp:accepted`, `handclasp:handshake` and so on of node:diagnostics_channel.
   */
  readonly observe?: (event: ServerEvent) => void;
  /**
   * Gets lines of a log: refused connections, failed handshakes, keys near their limit, and with the level `"debug"`
   * all others.
   * @example
   * const log: LogFunction = (level, object, message) => console[level](message, object);
   */
  readonly log?: LogFunction;
}

const types = ["refused", "accepted", "handshake", "alert", "key_limit", "closed", "reloaded", "stopped"] as const;
const channels: Readonly<Record<ServerEvent["type"], Channel>> = Object.fromEntries(
  types.map((type) => [type, channel(`handclasp:${type}`)]),
) as never;

type State = keyof ServerMeasures["connections"];
type Sums = { -readonly [Name in keyof ServerMeasures["traffic"]]: number };

/** One observed connection. */
export class Observed implements ServerObserver {
  readonly #observation: Observation;
  readonly #began = performance.now();
  readonly #carrier: string;
  /** Set before the first event: core calls the observer only after it has returned the connection. */
  connection!: TlsConnection;
  attributes: Attributes = {};
  state: State = "handshaking";
  #notResumed: NotResumed | undefined;
  #isDone = false;
  #isWarned = false;

  constructor(observation: Observation, carrier: string) {
    this.#observation = observation;
    this.#carrier = carrier;
  }

  begin(connection: TlsConnection): void {
    this.connection = connection;
    this.attributes = attributesOfPeer(connection.remoteAddress, this.#carrier);
    this.#emit({ type: "accepted", ...this.#context });
  }

  alert(...[direction, level, description]: Parameters<ServerObserver["alert"]>): void {
    if (description === "close_notify") this.state = "closing";
    // The flow of the handshake may be running, and must not meet the application.
    queueMicrotask(() => this.#emit({ type: "alert", direction, level, description, ...this.#context }));
  }

  notResumed(reason: NotResumed): void {
    this.#notResumed = reason;
  }

  established(session: Session): void {
    if (this.state === "handshaking") this.state = "open";
    this.attributes = attributesOfSession(this.attributes, session);
    this.#finishHandshake("established", {});
  }

  closed(error: unknown): void {
    const { traffic } = this.connection;
    const attributes = error === undefined ? this.attributes : attributesOfError(this.attributes, error);
    this.attributes = attributes;
    const failure = error === undefined ? {} : { error };
    if (!this.#isDone) this.#finishHandshake("failed", failure);
    this.#observation.end(this, traffic);
    this.#emit({ type: "closed", traffic, duration: this.#duration, ...failure, ...this.#context });
  }

  /** Warns once of a key that is close to its limit. */
  watchKey(): void {
    const { recordsLeft } = this.connection.traffic;
    if (this.#isWarned || recordsLeft > recordsLeftWarning) return;
    this.#isWarned = true;
    this.#emit({ type: "key_limit", recordsLeft, ...this.#context });
  }

  #finishHandshake(outcome: "established" | "failed", failure: { readonly error?: unknown }): void {
    this.#isDone = true;
    this.#emit({
      type: "handshake",
      outcome,
      duration: this.#duration,
      ...(this.#notResumed && { notResumed: this.#notResumed }),
      ...failure,
      ...this.#context,
    });
  }

  get #duration(): number {
    return performance.now() - this.#began;
  }

  get #context() {
    const { connection, attributes } = this;
    return { server: this.#observation.server, connection, attributes };
  }

  #emit(event: ServerEvent): void {
    this.#observation.emit(event);
  }
}

export class Observation {
  readonly server: ObservedServer;
  readonly #options: ObserveOptions;
  readonly #observed = new Set<Observed>();
  /** The traffic of the connections that have ended. */
  readonly #ended: Sums = { bytesReceived: 0, bytesSent: 0, recordsReceived: 0, recordsSent: 0 };
  #keyTimer: NodeJS.Timeout | undefined;

  constructor(server: ObservedServer, options: ObserveOptions) {
    this.server = server;
    this.#options = options;
  }

  get #hasListener(): boolean {
    return (
      this.#options.observe !== undefined ||
      this.#options.log !== undefined ||
      types.some((type) => channels[type].hasSubscribers)
    );
  }

  /** Returns `undefined` without a listener. The connection then costs nothing, also with a later listener. */
  observe(carrier: string): Observed | undefined {
    if (!this.#hasListener) return undefined;
    const observed = new Observed(this, carrier);
    this.#observed.add(observed);
    this.#watchKeys();
    return observed;
  }

  /** A connection that could not begin. */
  forget(observed: Observed): void {
    this.#observed.delete(observed);
  }

  end(observed: Observed, traffic: Traffic): void {
    this.#observed.delete(observed);
    add(this.#ended, traffic);
  }

  refused(refusal: RefusedConnection): void {
    if (!this.#hasListener) return;
    const { address } = refusal;
    const attributes = {
      ...(address !== undefined && { "client.address": address }),
      "handclasp.limit": refusal.limit,
      "handclasp.limit_of": refusal.of,
    };
    this.emit({ type: "refused", server: this.server, refusal, attributes });
  }

  reloaded(options: readonly string[]): void {
    if (this.#hasListener)
      this.emit({
        type: "reloaded",
        server: this.server,
        options,
        attributes: { "handclasp.options": options.join() },
      });
  }

  stopped(): void {
    if (this.#hasListener) this.emit({ type: "stopped", server: this.server, attributes: {} });
  }

  emit(event: ServerEvent): void {
    channels[event.type].publish(event);
    const { observe, log } = this.#options;
    if (observe) notify("observe", () => observe(event));
    if (log) notify("log", () => logEvent(log, event));
  }

  measure(queues: AdmissionQueues): ServerMeasures {
    const connections = { handshaking: 0, open: 0, closing: 0 };
    const traffic = { ...this.#ended };
    let sendBytes = 0;
    let fewestRecordsLeft: number | undefined;
    for (const { connection, state } of this.#observed) {
      connections[state]++;
      sendBytes += waitingBytes(connection.transportSocket);
      const current = connection.traffic;
      add(traffic, current);
      if (state !== "handshaking") fewestRecordsLeft = Math.min(fewestRecordsLeft ?? Infinity, current.recordsLeft);
    }
    return { connections, queues: { ...queues, sendBytes }, traffic, fewestRecordsLeft };
  }

  /** One timer for all connections, which does not keep the process alive. */
  #watchKeys(): void {
    this.#keyTimer ??= setInterval(() => {
      for (const observed of this.#observed) observed.watchKey();
      if (this.#observed.size) return;
      clearInterval(this.#keyTimer);
      this.#keyTimer = undefined;
    }, keyWatchInterval).unref();
  }
}

function add(sums: Sums, traffic: Traffic): void {
  sums.bytesReceived += traffic.bytesReceived;
  sums.bytesSent += traffic.bytesSent;
  sums.recordsReceived += traffic.recordsReceived;
  sums.recordsSent += traffic.recordsSent;
}

/** A socket of node:net has the first property, a WebSocket the second. */
function waitingBytes(socket: unknown): number {
  const { writableLength, bufferedAmount } = (socket ?? {}) as Readonly<Record<string, unknown>>;
  const waiting = writableLength ?? bufferedAmount;
  return typeof waiting === "number" ? waiting : 0;
}
