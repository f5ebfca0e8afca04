/**
 * A connection without I/O: bytes and commands in, bytes and events out. It only queues, and never calls out while a flow runs;
 * whoever drives it takes everything once a microtask. Here is the one place where an error becomes an alert.
 * @module
 */
import { type AlertDescription, TlsError, usageError } from "../errors.ts";
import { type Awaitable, type Flow, isPromise } from "../flow.ts";
import { CloseNotify, Peer } from "../handshake/peer.ts";
import type { Established } from "../handshake/session.ts";
import { RecordLayer } from "../record/layer.ts";
import type { TraceEvent } from "../trace.ts";
import { tls10 } from "../wire/messages.ts";
import { contentTypes } from "../wire/record.ts";
import { life } from "./life.ts";

export type EngineEvent =
  | { readonly type: "established"; readonly established: Established }
  | { readonly type: "data"; readonly bytes: Uint8Array }
  /** The peer sent close_notify: no more data, and none is missing. */
  | { readonly type: "end" }
  /** Nothing follows. Without an error both sides said close_notify. */
  | { readonly type: "closed"; readonly error?: TlsError }
  | { readonly type: "trace"; readonly event: TraceEvent };

export interface EngineOptions {
  readonly role: "client" | "server";
  readonly handshake: (peer: Peer) => Flow<Established>;
  readonly maxFragment: number;
  /** Tries of the peer to renegotiate that are declined, before one ends the connection. */
  readonly maxRenegotiations: number;
  /** Make trace events. */
  readonly trace: boolean;
  readonly traceSecrets: boolean;
  /** There may be something to take. Called at any time but never while a flow runs. */
  readonly wake: () => void;
}

type Phase = "handshake" | "open" | "closed";

export class Engine {
  readonly #records: RecordLayer;
  readonly #peer: Peer;
  readonly #flow: Flow<void>;
  readonly #wake: () => void;
  #events: EngineEvent[] = [];
  #phase: Phase = "handshake";
  #running = false;
  /** The flow waits for a promise or a call of ours, not for bytes. */
  #settling = false;
  #fed = true;
  #sentClose = false;
  #receivedClose = false;
  #transportEnded = false;
  /** "closed", which is told once everything sent is sealed: who hears it ends the transport, and an alert must not be lost. */
  #last: Extract<EngineEvent, { type: "closed" }> | undefined;

  constructor(options: EngineOptions) {
    const { traceSecrets, wake } = options;
    const trace = options.trace
      ? (event: TraceEvent): void => {
          // The handshake's configuration may be shared with connections whose listeners get more.
          if (event.type !== "secret" || traceSecrets) this.#events.push({ type: "trace", event });
        }
      : undefined;
    this.#wake = wake;
    this.#records = new RecordLayer({
      maxFragment: options.maxFragment,
      // What all clients say: some old servers drop a first record of another version (RFC 5246 §E.1).
      ...(options.role === "client" && { firstVersion: tls10 }),
      wake,
      trace,
      traceSecrets,
    });
    this.#peer = new Peer(this.#records, options.role, options.maxRenegotiations, trace);
    this.#flow = life(this.#peer, options.handshake, {
      established: (established) => {
        this.#phase = "open";
        this.#events.push({ type: "established", established });
      },
      data: (bytes) => void this.#events.push({ type: "data", bytes }),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** Bytes of the peer that are not worked off: when to pause the transport. */
  get pendingIn(): number {
    return this.#records.pendingIn;
  }
  /** Bytes that are sealed, or being sealed, and not taken. */
  get pendingOut(): number {
    return this.#records.pendingOut;
  }

  start(): void {
    this.#run();
  }

  /** Bytes of the peer, at any boundaries. Never throws. */
  receive(bytes: Uint8Array): void {
    if (this.#phase === "closed" || this.#receivedClose) return;
    this.#records.feed(bytes);
    this.#fed = true;
    this.#run();
  }

  /** The transport ended. Without close_notify that is a truncation, which may be an attack (RFC 5246 §7.2.1). */
  receiveEnd(): void {
    if (this.#phase === "closed") return;
    this.#transportEnded = true;
    // The peer has said all it had to say; what we still say may reach it, so `close` is what finishes.
    if (this.#receivedClose) return;
    // What arrived before the end, and is still being opened, counts: it may be the close_notify.
    if (!this.#settling) this.#truncated();
  }

  #truncated(): void {
    this.#finish(
      this.#phase === "handshake"
        ? new TlsError(undefined, "the transport closed during the handshake", {
            code: "closed_during_handshake",
            fault: "transport",
            advice: "is the other side a TLS server, and is it up?",
          })
        : new TlsError(undefined, "the transport closed without close_notify: data may be missing", {
            code: "truncated",
            fault: "transport",
          }),
    );
  }

  /** Application data. Throws a usage error unless the connection is open for writing. */
  write(bytes: Uint8Array): void {
    if (this.#phase !== "open" || this.#sentClose)
      throw usageError(this.#phase === "handshake" ? "write before the handshake is done" : "write after close");
    try {
      if (bytes.length) this.#records.send(contentTypes.application_data, bytes);
    } catch (error) {
      this.abort(asTlsError(error));
      throw error;
    }
  }

  /** No more from us: close_notify. The connection is closed once the peer has said it too. */
  close(): void {
    if (this.#phase === "closed" || this.#sentClose) return;
    if (this.#phase === "handshake")
      return this.abort(
        new TlsError("close_notify", "closed during the handshake", {
          code: "closed_during_handshake",
          fault: "application",
        }),
      );
    try {
      // Behind data that cannot be sealed, a close_notify would be a lie.
      this.#records.seal();
    } catch (error) {
      return this.abort(asTlsError(error));
    }
    this.#sentClose = true;
    this.#sendLastAlert("warning", "close_notify");
    if (this.#receivedClose) this.#finish(undefined);
    this.#wake();
  }

  /** Ends the connection with this error, and with its alert where it has one and it is ours to send. */
  abort(error: TlsError): void {
    if (this.#phase === "closed") return;
    const { alert } = error;
    if (error.by === "us" && alert && !this.#sentClose)
      this.#sendLastAlert(alert === "close_notify" ? "warning" : "fatal", alert);
    this.#finish(error);
  }

  /** A direction that can seal no more cannot say so either; the connection ends all the same. */
  #sendLastAlert(level: "warning" | "fatal", description: AlertDescription): void {
    try {
      this.#peer.sendAlert(level, description);
    } catch {
      // The error that led here is the one to tell.
    }
  }

  /** Everything to send and to tell since the last call, in order. */
  take(): { readonly output: readonly Uint8Array[]; readonly events: readonly EngineEvent[] } {
    let output: readonly Uint8Array[] = [];
    try {
      output = this.#records.take();
    } catch (error) {
      const failure = asTlsError(error);
      this.abort(failure);
      // It may have closed in order by then, behind data that was still being sealed.
      if (this.#last) this.#last = { error: failure, ...this.#last };
    }
    if (this.#last && this.#records.idleOut) {
      this.#events.push(this.#last);
      this.#last = undefined;
    }
    const events = this.#events;
    this.#events = [];
    return { output, events };
  }

  /** Runs the flow until it must wait for what is not there. */
  #run(failure?: { readonly error: unknown }): void {
    if (this.#running || this.#settling) return;
    this.#running = true;
    for (let fault = failure; this.#phase !== "closed"; ) {
      const wait = this.#step(fault);
      fault = undefined;
      if (wait === undefined) break;
      if (wait === "bytes") {
        if (!this.#fed) {
          if (this.#transportEnded) this.#truncated();
          break;
        }
        this.#fed = false;
        continue;
      }
      const pending = this.#start(wait);
      if (isPromise(pending)) {
        this.#settle(pending);
        break;
      }
      fault = pending;
    }
    this.#running = false;
    this.#wake();
  }

  #step(failure: { readonly error: unknown } | undefined) {
    try {
      const step = failure ? this.#flow.throw(failure.error) : this.#flow.next();
      return step.done ? undefined : step.value;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** A promise of ours is as it is; a call is made now, while the flow is suspended, so that a hook may close the connection. */
  #start(
    wait: PromiseLike<unknown> | (() => Awaitable<void>),
  ): PromiseLike<unknown> | { readonly error: unknown } | undefined {
    if (typeof wait !== "function") return wait;
    try {
      const pending = wait();
      return isPromise(pending) ? pending : undefined;
    } catch (error) {
      return { error: asHookError(error) };
    }
  }

  #settle(pending: PromiseLike<unknown>): void {
    this.#settling = true;
    const resume = (failure?: { readonly error: unknown }): void => {
      this.#settling = false;
      this.#run(failure);
    };
    pending.then(
      () => resume(),
      (error: unknown) => resume({ error }),
    );
  }

  #failed(error: unknown): void {
    if (!(error instanceof CloseNotify)) return this.abort(asTlsError(error));
    if (this.#phase === "handshake") {
      this.#sendLastAlert("warning", "close_notify");
      return this.abort(
        new TlsError("close_notify", "the peer closed during the handshake", {
          code: "closed_during_handshake",
          by: "peer",
        }),
      );
    }
    this.#receivedClose = true;
    this.#events.push({ type: "end" });
    if (this.#sentClose) this.#finish(undefined);
  }

  #finish(error: TlsError | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#last = { type: "closed", ...(error && { error }) };
    // Wipes what its `finally` blocks wipe; it is suspended, or has ended.
    this.#flow.return();
    this.#wake();
  }
}

const asTlsError = (error: unknown): TlsError =>
  TlsError.is(error)
    ? error
    : new TlsError("internal_error", "something broke that should not", {
        fault: "internal",
        cause: error,
        advice: "this is a bug of Handclasp or of its host: please report the cause",
      });

const asHookError = (error: unknown): TlsError =>
  TlsError.is(error)
    ? error
    : new TlsError("internal_error", "a hook of the application threw", {
        fault: "application",
        code: "hook_failed",
        cause: error,
      });
