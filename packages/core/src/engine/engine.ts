/**
 * A connection without I/O: bytes and commands in, bytes and events out. It only queues, and never calls the application while a flow runs;
 * whoever drives it takes everything once a microtask. Here is the one place where an error becomes an alert.
 * @module
 */
import { type AlertDescription, TlsError, usageError } from "../errors.ts";
import { type Flow, isPromise } from "../flow.ts";
import { Alerts, CloseNotify } from "../handshake/alerts.ts";
import { Peer } from "../handshake/peer.ts";
import type { Established } from "../handshake/session.ts";
import { RecordReader, type TlsRecord } from "../record/reader.ts";
import { type Traffic, trafficOf } from "../record/traffic.ts";
import { RecordWriter } from "../record/writer.ts";
import type { TraceEvent } from "../trace.ts";
import { tls10 } from "../wire/messages.ts";
import { contentTypes } from "../wire/record.ts";
import { asTlsError, carrierFailed, cutOff, noteEnd, peerGone, sealTimedOut } from "./errors.ts";
import { EstablishedConnection } from "./established.ts";
import { type Failure, start } from "./hook.ts";
import type { EngineEvent, EngineInbound, EngineOptions } from "./options.ts";

type Phase = "handshake" | "open" | "closed";
export class Engine {
  readonly #role: EngineOptions["role"];
  readonly #maxRenegotiations: number;
  readonly #inbound: EngineInbound;
  readonly #wake: () => void;
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly #alerts: Alerts;
  /** Dropped once it has returned: what the handshake held can then be collected. */
  #flow: Flow<Established> | undefined;
  #established: EstablishedConnection | undefined;
  #events: EngineEvent[] = [];
  #phase: Phase = "handshake";
  #running = false;
  /** A promise of ours is waited for, not bytes. */
  #settling = false;
  #sentClose = false;
  #receivedClose = false;
  /** What `inbound` was last told of. */
  #backlog = 0;
  /** The peer's side of the carrier ended in order; the carrier is gone both ways. */
  #carrierEnded = false;
  #carrierError: TlsError | undefined;
  /** "closed", which is told once everything sent is sealed: whoever hears it ends the carrier, and an alert must not be lost. */
  #last: Extract<EngineEvent, { type: "closed" }> | undefined;

  constructor(options: EngineOptions) {
    const { role, traceSecrets, wake, memory, maxFragment, inbound } = options;
    const trace = options.trace
      ? (event: TraceEvent): void => {
          // The handshake's configuration may be shared with connections whose listeners get more.
          if (event.type === "secret" && !traceSecrets) return;
          this.#events.push({ type: "trace", event });
          wake();
        }
      : undefined;
    this.#role = role;
    this.#maxRenegotiations = options.maxRenegotiations;
    this.#inbound = inbound;
    this.#wake = wake;
    // One for both, and no reference to ours: a connection that waits costs what it holds on to.
    const records = {
      admission: inbound,
      maxFragment,
      // What all clients say: some old servers drop a first record of another version (RFC 5246 §E.1).
      ...(role === "client" && { firstVersion: tls10 }),
      memory,
      wake,
      trace,
      traceSecrets,
    };
    this.#reader = new RecordReader(records);
    this.#writer = new RecordWriter(records);
    this.#alerts = new Alerts(this.#writer, trace);
    this.#flow = options.handshake(new Peer(this.#reader, this.#writer, this.#alerts, role, trace));
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** Bytes that are sealed, or being sealed, and not taken. */
  get pendingOut(): number {
    return this.#writer.pending;
  }
  /** The peer's close_notify is there: all its data was handed over. */
  get receivedClose(): boolean {
    return this.#receivedClose;
  }
  /** The carrier brings nothing any more. */
  get carrierEnded(): boolean {
    return this.#carrierEnded || this.#carrierError !== undefined;
  }
  /** Our close_notify is sealed, and taken: nothing follows it. */
  get saidClose(): boolean {
    return this.#sentClose && this.#writer.idle;
  }
  /** The peer owes us the rest of a handshake message, after the handshake. */
  get midMessage(): boolean {
    return this.#established?.midMessage ?? false;
  }

  get traffic(): Traffic {
    return trafficOf(this.#reader, this.#writer);
  }

  start(): void {
    this.work();
  }

  /** Bytes of the peer, at any boundaries. Never throws. */
  receive(bytes: Uint8Array): void {
    if (this.#phase === "closed" || this.#receivedClose) return;
    this.#reader.feed(bytes);
    this.work();
  }

  /** The carrier brings no more. Without close_notify that is a truncation, which may be an attack (RFC 5246 §7.2.1). */
  receiveEnd(): void {
    this.#carrierEnded = true;
    this.work();
  }

  /** The carrier is gone, both ways. */
  receiveError(error: TlsError): void {
    this.#carrierError ??= error;
    // No hook of a handshake is waited for that nobody can finish.
    if (this.#settling && this.#phase === "handshake") this.#finish(carrierFailed(error, true));
    this.work();
  }

  /** Works off what came in, as far as it is admitted. */
  work(): void {
    if (this.#running) return;
    if (!this.#settling) {
      this.#running = true;
      if (this.#phase === "handshake") this.#shakeHands();
      if (this.#phase === "open") this.#readRecords();
      // What arrived before the carrier's end counts, close_notify too.
      if ((this.#carrierEnded || this.#carrierError) && !this.#settling && !this.#reader.deferred) this.#carrierGone();
      this.#running = false;
    }
    // Also while a promise is waited for: what comes meanwhile stops the carrier.
    const { pending } = this.#reader;
    if (pending === this.#backlog) return;
    this.#backlog = pending;
    this.#inbound.backlog(pending);
  }

  #carrierGone(): void {
    if (this.#phase === "closed") return;
    this.#wake();
    const error = this.#carrierError;
    if (this.#receivedClose) {
      // The peer has said all it had to say. While the carrier lives our way, what we still say may reach it, and `close` is what finishes.
      if (error) this.#finish(peerGone(error));
    } else {
      const inHandshake = this.#phase === "handshake";
      this.#finish(error && !this.#carrierEnded ? carrierFailed(error, inHandshake) : cutOff(inHandshake));
    }
  }

  /** Application data. Throws a usage error unless the connection is open for writing. */
  write(bytes: Uint8Array): void {
    if (this.#phase !== "open" || this.#sentClose)
      throw usageError(this.#phase === "handshake" ? "write before the handshake is done" : "write after close");
    try {
      if (bytes.length) this.#writer.send(contentTypes.application_data, bytes);
    } catch (error) {
      const failure = asTlsError(error);
      this.abort(failure);
      throw failure;
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
      this.#writer.seal();
    } catch (error) {
      return this.abort(asTlsError(error));
    }
    this.#sentClose = true;
    this.#sendLastAlert("warning", "close_notify");
    this.#alerts.closed = true;
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

  /** What is still being sealed is not waited for any more: it is lost, so the end was not in order. */
  giveUp(): void {
    if (this.#writer.idle) return;
    this.#writer.drop();
    if (this.#last) this.#last = { error: sealTimedOut(), ...this.#last };
    this.#wake();
  }

  /** A direction that can seal no more cannot say so either; the connection ends all the same. */
  #sendLastAlert(level: "warning" | "fatal", description: AlertDescription): void {
    try {
      this.#alerts.send(level, description);
    } catch {
      // The error that led here is the one to tell.
    }
  }

  /** Everything to send and to tell since the last call, in order. */
  take(): { readonly output: readonly Uint8Array[]; readonly events: readonly EngineEvent[] } {
    let output: readonly Uint8Array[] = [];
    try {
      output = this.#writer.take();
    } catch (error) {
      const failure = asTlsError(error);
      this.abort(failure);
      // It may have closed in order by then, behind data that was still being sealed.
      if (this.#last) this.#last = { error: failure, ...this.#last };
    }
    if (this.#last && this.#writer.idle) {
      this.#events.push(this.#last);
      this.#last = undefined;
    }
    const events = this.#events;
    this.#events = [];
    return { output, events };
  }

  /** Runs the handshake until it must wait for what is not there. */
  #shakeHands(failure?: Failure): void {
    this.#wake();
    for (let fault = failure; this.#phase === "handshake"; ) {
      const wait = this.#step(fault);
      if (wait === undefined || wait === "bytes") return;
      const pending = start(wait);
      if (isPromise(pending)) return this.#settle(pending, (failed) => this.#shakeHands(failed));
      fault = pending;
    }
  }

  #step(failure: Failure | undefined) {
    try {
      const step = failure ? this.#flow?.throw(failure.error) : this.#flow?.next();
      if (!step?.done) return step?.value;
      this.#open(step.value);
    } catch (error) {
      this.#failed(error);
    }
    return undefined;
  }

  #open(established: Established): void {
    this.#flow = undefined;
    this.#established = new EstablishedConnection(this.#alerts, this.#role, this.#maxRenegotiations, this.#inbound);
    this.#phase = "open";
    this.#events.push({ type: "established", established });
  }

  /** Works off every record that is there and admitted. */
  #readRecords(): void {
    const established = this.#established as EstablishedConnection;
    try {
      while (this.#phase === "open" && !this.#receivedClose) {
        const next = this.#reader.next();
        if (next === undefined) return;
        if (!("fragment" in next)) return this.#settle(next, (failed, record) => this.#receiveRecord(failed, record));
        if (!established.receive(next)) this.#wake();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A record whose provider answered later. */
  #receiveRecord(failure: Failure | undefined, record: TlsRecord | undefined): void {
    try {
      if (failure) throw failure.error;
      if (this.#phase === "open" && record && !this.#established?.receive(record)) this.#wake();
    } catch (error) {
      this.#failed(error);
    }
  }

  #settle<T>(pending: PromiseLike<T>, resume: (failure: Failure | undefined, value?: T) => void): void {
    this.#settling = true;
    const settled = (failure: Failure | undefined, value?: T): void => {
      this.#settling = false;
      this.#running = true;
      resume(failure, value);
      this.#running = false;
      this.work();
    };
    pending.then(
      (value) => settled(undefined, value),
      (error: unknown) => settled({ error }),
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
    this.#reader.drop();
    this.#events.push({ type: "end" });
    this.#wake();
    if (this.#sentClose) this.#finish(undefined);
  }

  #finish(error: TlsError | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#reader.drop();
    this.#last = { type: "closed", ...(error && { error }) };
    if (error) noteEnd(error);
    // Wipes what its `finally` blocks wipe; it is suspended, or has ended.
    this.#flow?.return(undefined as never);
    this.#wake();
  }
}
