/**
 * A connection without I/O: bytes and commands in, bytes and events out. The engine queues its output, and never calls
 * the application while a flow runs. Its driver calls `take` in a microtask after `scheduleTake`. Only this class turns
 * errors into alerts.
 * @module
 */
import { type AlertDescription, TlsError, usageError } from "../errors.ts";
import { type Flow, isPromise } from "../flow.ts";
import { Alerts, CloseNotify } from "../handshake/alerts.ts";
import { HandshakeLink } from "../handshake/link.ts";
import type { HandshakeResult } from "../handshake/session.ts";
import { RecordReader, type TlsRecord } from "../record/reader.ts";
import { type Traffic, trafficOf } from "../record/traffic.ts";
import { RecordWriter } from "../record/writer.ts";
import type { TraceEvent } from "../trace.ts";
import { tls10 } from "../wire/messages.ts";
import { contentTypes } from "../wire/record.ts";
import { asTlsError, noteEnd, peerGoneError, transportLostError, truncationError, unsealedError } from "./errors.ts";
import { EstablishedConnection } from "./established.ts";
import { beginWait, type Thrown } from "./hook.ts";
import type { EngineEvent, EngineInbound, EngineOptions } from "./options.ts";

type Phase = "handshake" | "open" | "closed";

export class Engine {
  readonly #role: EngineOptions["role"];
  readonly #maxRefusals: number;
  readonly #inbound: EngineInbound;
  readonly #scheduleTake: () => void;
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly #alerts: Alerts;
  /** The handshake. `undefined` once it is complete, so that its state can be collected. */
  #flow: Flow<HandshakeResult> | undefined;
  #openConnection: EstablishedConnection | undefined;
  #events: EngineEvent[] = [];
  #phase: Phase = "handshake";
  #isRunning = false;
  /** True while the engine waits for a promise of a provider or a hook, not for bytes. */
  #isWaiting = false;
  #sentClose = false;
  #receivedClose = false;
  /** The number of waiting bytes that the last `setBacklog` reported. */
  #reportedBacklog = 0;
  /** True once the peer's side of the transport has ended without an error. */
  #hasTransportEnded = false;
  /** The error of the transport, if it has failed. It has then failed in both directions. */
  #transportError: TlsError | undefined;
  /** The "closed" event, held back until all records are sealed, because its receiver ends the transport. */
  #closedEvent: Extract<EngineEvent, { type: "closed" }> | undefined;

  constructor(options: EngineOptions) {
    const { role, traceSecrets, scheduleTake, memory, maxFragment, inbound } = options;
    const trace = options.trace
      ? (event: TraceEvent): void => {
          // The handshake's configuration may trace secrets although this connection does not.
          if (event.type === "secret" && !traceSecrets) return;
          this.#events.push({ type: "trace", event });
          scheduleTake();
        }
      : undefined;
    this.#role = role;
    this.#maxRefusals = options.maxRefusals;
    this.#inbound = inbound;
    this.#scheduleTake = scheduleTake;
    // The reader and the writer share this object, so that an idle connection holds less memory.
    const recordOptions = {
      admission: inbound,
      maxFragment,
      // As other clients do: some old servers drop a first record of another version (RFC 5246 §E.1).
      ...(role === "client" && { firstVersion: tls10 }),
      memory,
      scheduleTake,
      trace,
      traceSecrets,
    };
    this.#reader = new RecordReader(recordOptions);
    this.#writer = new RecordWriter(recordOptions);
    this.#alerts = new Alerts(this.#writer, trace);
    this.#flow = options.handshake(new HandshakeLink(this.#reader, this.#writer, this.#alerts, role, trace));
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** The number of bytes to send that `take` has not returned yet. */
  get pendingOut(): number {
    return this.#writer.pendingBytes;
  }
  /** True once the peer's close_notify is processed: all data before it has been passed to `inbound`. */
  get receivedClose(): boolean {
    return this.#receivedClose;
  }
  /** True once the transport delivers no more bytes. */
  get transportEnded(): boolean {
    return this.#hasTransportEnded || this.#transportError !== undefined;
  }
  /** True once `take` has returned our close_notify. No record follows it. */
  get closeFlushed(): boolean {
    return this.#sentClose && this.#writer.isDrained;
  }
  /** True if, after the handshake, a part of a handshake message has arrived and the remaining part has not. */
  get isMidMessage(): boolean {
    return this.#openConnection?.isMidMessage ?? false;
  }

  get traffic(): Traffic {
    return trafficOf(this.#reader, this.#writer);
  }

  start(): void {
    this.processInput();
  }

  /** Takes received bytes, cut at any boundaries. Never throws. */
  receive(bytes: Uint8Array): void {
    if (this.#phase === "closed" || this.#receivedClose) return;
    this.#reader.feed(bytes);
    this.processInput();
  }

  /** Takes the transport's end. Without close_notify, an attacker may have truncated the data (RFC 5246 §7.2.1). */
  receiveTransportEnd(): void {
    this.#hasTransportEnded = true;
    this.processInput();
  }

  /** Takes the error of the transport, which has failed in both directions. */
  receiveError(error: TlsError): void {
    this.#transportError ??= error;
    // The handshake cannot complete any more, so the engine does not wait for the promise.
    if (this.#isWaiting && this.#phase === "handshake") this.#finish(transportLostError(error, true));
    this.processInput();
  }

  /** Processes the received bytes, as far as `inbound` admits records. */
  processInput(): void {
    if (this.#isRunning) return;
    if (!this.#isWaiting) {
      this.#isRunning = true;
      if (this.#phase === "handshake") this.#shakeHands();
      if (this.#phase === "open") this.#readRecords();
      // Everything that arrived before the end of the transport is processed first, close_notify included.
      if ((this.#hasTransportEnded || this.#transportError) && !this.#isWaiting && !this.#reader.awaitsAdmission)
        this.#endWithTransport();
      this.#isRunning = false;
    }
    // Reported even while a promise is pending: `inbound` may have to pause the transport for bytes that arrive then.
    const { pendingBytes } = this.#reader;
    if (pendingBytes === this.#reportedBacklog) return;
    this.#reportedBacklog = pendingBytes;
    this.#inbound.setBacklog(pendingBytes);
  }

  #endWithTransport(): void {
    if (this.#phase === "closed") return;
    this.#scheduleTake();
    const error = this.#transportError;
    if (this.#receivedClose) {
      // The peer has sent everything. Our data may still reach the peer until the transport fails. `close` completes
      // the connection.
      if (error) this.#finish(peerGoneError(error));
    } else {
      const inHandshake = this.#phase === "handshake";
      const isLost = error && !this.#hasTransportEnded;
      this.#finish(isLost ? transportLostError(error, inHandshake) : truncationError(inHandshake));
    }
  }

  /** Sends application data. Throws if the connection is not open for writing, or if a record cannot be sealed. */
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

  /** Sends close_notify. The connection closes once the peer has sent close_notify too. During a handshake, aborts. */
  close(): void {
    if (this.#phase === "closed" || this.#sentClose) return;
    if (this.#phase === "handshake")
      return this.abort(
        new TlsError("close_notify", "this side closed during the handshake", {
          code: "closed_during_handshake",
          fault: "application",
        }),
      );
    try {
      // If data could not be sealed, a close_notify after it would hide the loss.
      this.#writer.flush();
    } catch (error) {
      return this.abort(asTlsError(error));
    }
    this.#sentClose = true;
    this.#sendLastAlert("warning", "close_notify");
    this.#alerts.closed = true;
    if (this.#receivedClose) this.#finish(undefined);
    this.#scheduleTake();
  }

  /** Ends the connection with this error. Sends the error's alert if we found the error and sent no close_notify. */
  abort(error: TlsError): void {
    if (this.#phase === "closed") return;
    const { alert } = error;
    if (error.by === "us" && alert && !this.#sentClose)
      this.#sendLastAlert(alert === "close_notify" ? "warning" : "fatal", alert);
    this.#finish(error);
  }

  /** Stops waiting for records that are being sealed. They are lost, so the connection ends with an error. */
  dropUnsealed(): void {
    if (this.#writer.isDrained) return;
    this.#writer.drop();
    if (this.#closedEvent) this.#closedEvent = { error: unsealedError(), ...this.#closedEvent };
    this.#scheduleTake();
  }

  /** Sends the alert. If it cannot be sealed, the connection ends without it. */
  #sendLastAlert(level: "warning" | "fatal", description: AlertDescription): void {
    try {
      this.#alerts.send(level, description);
    } catch {
      // A caller that aborts reports its own error. `close` has none, and goes on.
    }
  }

  /** Returns the bytes to send and the events since the last call, in order. */
  take(): { readonly output: readonly Uint8Array[]; readonly events: readonly EngineEvent[] } {
    let output: readonly Uint8Array[] = [];
    try {
      output = this.#writer.take();
    } catch (error) {
      const failure = asTlsError(error);
      this.abort(failure);
      // The connection may have closed without an error while earlier data was still being sealed.
      if (this.#closedEvent) this.#closedEvent = { error: failure, ...this.#closedEvent };
    }
    if (this.#closedEvent && this.#writer.isDrained) {
      this.#events.push(this.#closedEvent);
      this.#closedEvent = undefined;
    }
    const events = this.#events;
    this.#events = [];
    return { output, events };
  }

  /** Runs the handshake until it waits for bytes or for a promise. */
  #shakeHands(thrown?: Thrown): void {
    this.#scheduleTake();
    for (let next = thrown; this.#phase === "handshake"; ) {
      const wait = this.#resumeFlow(next);
      if (wait === undefined || wait === "bytes") return;
      const pending = beginWait(wait);
      if (isPromise(pending)) return this.#resumeOn(pending, (rejection) => this.#shakeHands(rejection));
      next = pending;
    }
  }

  #resumeFlow(thrown: Thrown | undefined) {
    try {
      const step = thrown ? this.#flow?.throw(thrown.error) : this.#flow?.next();
      if (!step?.done) return step?.value;
      this.#completeHandshake(step.value);
    } catch (error) {
      this.#handleThrown(error);
    }
    return undefined;
  }

  #completeHandshake(established: HandshakeResult): void {
    this.#flow = undefined;
    this.#openConnection = new EstablishedConnection(this.#alerts, this.#role, this.#maxRefusals, this.#inbound);
    this.#phase = "open";
    this.#events.push({ type: "established", established });
  }

  /** Processes every record that is complete and admitted. */
  #readRecords(): void {
    const established = this.#openConnection as EstablishedConnection;
    try {
      while (this.#phase === "open" && !this.#receivedClose) {
        const next = this.#reader.next();
        if (next === undefined) return;
        if (!("fragment" in next)) return this.#resumeOn(next, (thrown, record) => this.#receiveRecord(thrown, record));
        if (!established.receive(next)) this.#scheduleTake();
      }
    } catch (error) {
      this.#handleThrown(error);
    }
  }

  /** Processes a record that the provider decrypted asynchronously. */
  #receiveRecord(thrown: Thrown | undefined, record: TlsRecord | undefined): void {
    try {
      if (thrown) throw thrown.error;
      if (this.#phase === "open" && record && !this.#openConnection?.receive(record)) this.#scheduleTake();
    } catch (error) {
      this.#handleThrown(error);
    }
  }

  #resumeOn<T>(pending: PromiseLike<T>, resume: (thrown: Thrown | undefined, value?: T) => void): void {
    this.#isWaiting = true;
    const resumeWith = (thrown: Thrown | undefined, value?: T): void => {
      this.#isWaiting = false;
      this.#isRunning = true;
      resume(thrown, value);
      this.#isRunning = false;
      this.processInput();
    };
    pending.then(
      (value) => resumeWith(undefined, value),
      (error: unknown) => resumeWith({ error }),
    );
  }

  #handleThrown(error: unknown): void {
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
    this.#events.push({ type: "close_notify" });
    this.#scheduleTake();
    if (this.#sentClose) this.#finish(undefined);
  }

  #finish(error: TlsError | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#reader.drop();
    this.#closedEvent = { type: "closed", ...(error && { error }) };
    if (error) noteEnd(error);
    // The flow is suspended or has returned. `return` runs its `finally` blocks, which wipe secrets.
    this.#flow?.return(undefined as never);
    this.#scheduleTake();
  }
}
