/**
 * A channel: an engine, a transport, and the host's timers and streams.
 * @module
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { Bytes } from "../bytes/bytes.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineEvent, EngineOptions } from "../engine/options.ts";
import { type AlertDescription, alertDescriptions, type TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import type { ChannelBindingType } from "../handshake/exporter.ts";
import type { HandshakeResult, Session } from "../handshake/session.ts";
import { hostMemory } from "../record/memory.ts";
import type { Traffic } from "../record/traffic.ts";
import { closeAtDispose } from "./asyncDispose.ts";
import type { ByteReadable } from "./byteReadable.ts";
import { callGuarded } from "./callGuarded.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { EndErrors } from "./endErrors.ts";
import { abortError, asTransportError, closedError, endsSession, goneError, localCloseError } from "./errors.ts";
import { Inbound } from "./inbound.ts";
import type { ConnectionOptions } from "./options.ts";
import { Outbound } from "./outbound.ts";
import { iteratorOf, readableOf, writableOf } from "./streams.ts";
import { Timers } from "./timers.ts";
import type { Transport } from "./transport.ts";

/** The engine options that `connect` and `accept` give. The connection sets the others. */
export type RoleOptions = Pick<EngineOptions, "role" | "handshake" | "maxFragment" | "maxRefusals" | "traceSecrets">;

/**
 * An authenticated, encrypted channel. Read and write it as web streams, or with `read` and `write`. You may ignore
 * every promise that it returns. docs/ends.md lists how each promise settles for every kind of end.
 * @example
 * const channel = await connect(transport, { ca, serverName: "localhost" });
 * await channel.write(new TextEncoder().encode("hello"));
 * for await (const bytes of channel) console.log(bytes);
 */
export class TlsConnection {
  readonly #transport: Transport;
  readonly #engine: Engine;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #timers: Timers;
  readonly #options: ConnectionOptions;
  readonly #opened: Promise<Session>;
  #openedDeferred: Deferred<Session> | undefined = deferred<Session>();
  readonly #closed = deferred<void>();
  #handshakeResult: HandshakeResult | undefined;
  readonly #endErrors = new EndErrors();
  /** The number of pending promises that were given to `holdOpen`. */
  #holdCount = 0;
  #isClosing = false;
  /** True once the connection has ended. */
  #hasEnded = false;
  #closingController: InstanceType<typeof AbortController> | undefined;

  #readable: ByteReadable | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  constructor(transport: Transport, role: RoleOptions, options: ConnectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#opened = markHandled((this.#openedDeferred as Deferred<Session>).promise);
    void markHandled(this.#closed.promise);
    this.#inbound = new Inbound(transport, () => this.#closeAfterEndRead());
    this.#engine = new Engine({
      ...role,
      trace: options.traceListener !== undefined,
      memory: transport.memory ?? hostMemory,
      inbound: this.#inbound,
      scheduleTake: () => this.#outbound.schedule(),
    });
    this.#inbound.engine = this.#engine;
    this.#outbound = new Outbound(
      transport,
      this.#engine,
      this.#opened,
      (events) => this.#handleEvents(events),
      () => this.#outbound.failWrites(this.#endErrors.addLazily(goneError)),
      (error) => this.#endWithTransport(error),
    );
    transport.start({
      data: (bytes) => this.#engine.receive(bytes),
      drain: () => this.#outbound.drain(),
      end: () => this.#engine.receiveTransportEnd(),
      error: (error) => this.#endWithTransport(error),
    });
    // Created last, because the calls above may throw, and timers would then keep running.
    this.#timers = new Timers(
      this.#engine,
      this.#outbound,
      options,
      () => this.#holdCount > 0 || !this.#inbound.isEmpty,
    );
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#engine.start();
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Resolves when the handshake is done. Rejects with the TlsError that ended the handshake. */
  get opened(): Promise<Session> {
    return this.#opened;
  }
  /**
   * Resolves once both sides have sent close_notify, which does not mean that the peer's application has read
   * everything. Otherwise rejects with the TlsError that ended the connection, a truncation included.
   */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }
  /** The result of the handshake. Throws a usage error before the handshake is done. */
  get session(): Session {
    return this.#requireResult.session;
  }
  /** The address of the peer, or of a proxy in between. `undefined` if unknown, and once the transport is gone. */
  get remoteAddress(): string | undefined {
    return this.#transport.remoteAddress;
  }
  /** The `socket` of the transport, for adapters. */
  get transportSocket(): unknown {
    return this.#transport.socket;
  }
  /** The numbers of records and bytes sent and received so far. */
  get traffic(): Traffic {
    return this.#engine.traffic;
  }
  /**
   * A signal that aborts when this connection ends or is about to end: a closing server asks its handlers to finish,
   * `close` was called, or the connection has ended.
   * @example
   * channel.closing.addEventListener("abort", () => stopWorking());
   */
  get closing(): AbortSignal {
    this.#closingController ??= new AbortController();
    if (this.#isClosing) this.#closingController.abort();
    return this.#closingController.signal;
  }
  /** Aborts `closing`, and leaves the connection open so that the application can finish. */
  signalClosing(): void {
    this.#isClosing = true;
    this.#closingController?.abort();
  }

  /**
   * Keying material for another protocol, bound to this connection and known only to the two peers (RFC 5705). Both
   * peers get the same bytes for the same label and context. Throws a usage error before the handshake is done, after
   * the connection has ended, and without extended_master_secret.
   * @param length the number of bytes, 1 to 65,535
   * @param label ASCII, from the IANA registry; private labels begin with "EXPERIMENTAL"
   * @param context at most 65,535 bytes; an empty context gives other bytes than no context
   * @example
   * const key = channel.exportKeyingMaterial(32, "EXPERIMENTAL my protocol");
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Bytes {
    return this.#requireResult.exporter.export(length, label, context);
  }

  /**
   * Binds an authentication inside the channel to the channel (RFC 5056), so that relaying it to another channel is
   * detected. Use `tls-exporter` (RFC 9266) for new protocols, `tls-unique` and `tls-server-end-point` (RFC 5929) for
   * old ones. Throws a usage error if the channel has no secure binding of this type.
   * @example
   * const binding = channel.channelBinding("tls-exporter"); // for SCRAM-SHA-256-PLUS
   */
  channelBinding(type: ChannelBindingType): Bytes {
    return this.#requireResult.exporter.channelBinding(type);
  }

  get #requireResult(): HandshakeResult {
    if (!this.#handshakeResult) throw usageError("no session before the handshake is done");
    return this.#handshakeResult;
  }

  /** The received data as a stream. The stream errors with a TlsError if data may be missing. */
  get readable(): ByteReadable {
    this.#readable ??= readableOf(this.#inbound);
    return this.#readable;
  }

  /** A stream to write to. Closing it sends close_notify and leaves reading open. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= writableOf(this);
    return this.#writable;
  }

  /**
   * Returns the next bytes, or `undefined` after the peer's close_notify if every byte before it was read. Rejects with
   * the TlsError that ended the connection, or with `closed_locally` after `close`. Only one read may be pending.
   *
   * The transport is paused while more than 128 KiB wait to be read. A page's WebSocket is paused by credit if the
   * server uses `@handclasp/node`. A page cannot pause another server, so then more than 16 MiB end the connection with
   * `inbound_overflow`.
   */
  read(): Promise<Bytes | undefined> {
    return this.#inbound.read();
  }

  /**
   * Sends bytes, after the handshake. Resolves when there is room for more. Rejects with a TlsError if this side has
   * closed or the connection has ended.
   *
   * A writer that awaits each write buffers at most 4 MiB, however slowly the peer reads. The data of a writer that
   * does not await is buffered without limit, and must not be changed until its write resolves.
   */
  write(bytes: Uint8Array): Promise<void> {
    return this.#outbound.write(bytes);
  }

  /** Sends close_notify after everything written. Reading stays open. */
  closeWrite(): Promise<void> {
    return markHandled(
      this.#outbound.written.then(() => {
        this.#engine.close();
        // The connection has ended, for example because both sides have closed, or written data could not be sealed.
        return this.#engine.phase === "closed" ? this.closed : undefined;
      }),
    );
  }

  /**
   * Keeps our side open until `done` settles, even if the application has read the peer's end, so that the application
   * can still write an answer. A server calls this with the promise of its handler.
   * @example
   * channel.holdOpen(channel.write(response));
   */
  holdOpen(done: PromiseLike<unknown>): void {
    this.#holdCount++;
    const release = (): void => {
      this.#holdCount--;
      if (this.#inbound.isEndRead) this.#closeAfterEndRead();
    };
    void Promise.resolve(done).then(release, release);
  }

  /**
   * Closes both directions: sends close_notify after everything written, and waits for the peer's close_notify, at most
   * `closeTimeout` in total (5 s by default). Data that arrives meanwhile is discarded, and later reads and writes
   * reject with `closed_locally`. Resolves and rejects as `closed` does.
   */
  close(): Promise<void> {
    const getError = this.#endErrors.addLazily(localCloseError);
    if (this.#engine.phase !== "closed") this.#outbound.failLaterWrites(getError);
    this.#inbound.stop(getError);
    this.signalClosing();
    this.#outbound.endsTransport = true;
    this.#timers.closeAfterWrites();
    return this.closed;
  }

  /** As `close`, but never rejects. Exists only if the JavaScript engine has the symbol. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    closeAtDispose(TlsConnection.prototype);
  }

  /**
   * Ends the connection at once, without waiting for written data or the peer.
   * @param alert the fatal alert for the peer; not one that RFC 5246 §7.2.2 reserves
   * @example
   * channel.abort(undefined, "access_denied");
   */
  abort(
    reason?: unknown,
    alert: Exclude<AlertDescription, "close_notify" | `${string}_RESERVED`> = "user_canceled",
  ): void {
    // A misspelt alert, or close_notify, must not look like a clean end.
    const error = abortError(reason, alertDescriptions[alert] > 0 ? alert : "internal_error");
    const { phase } = this.#engine;
    if (phase !== "closed") this.#inbound.stop(this.#endErrors.add(error));
    this.#engine.abort(error);
    // During a handshake there is no data to lose, and the provider may never answer.
    if (phase === "handshake") this.#engine.dropUnsealed();
  }

  /**
   * True if `error` is one of the errors with which the `read`, `write` and `closed` of this connection reject because
   * this side has closed or the connection has ended.
   * @example
   * if (!channel.endedBy(error)) report(error);
   */
  endedBy(error: unknown): boolean {
    return this.#endErrors.has(error);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes, void, void> {
    return iteratorOf(this.#inbound);
  }

  readonly #onAbort = (): void => this.abort(this.#options.signal?.reason);

  #endWithTransport(error: unknown): void {
    this.#inbound.isTransportGone = true;
    this.#engine.receiveError(asTransportError(error));
    // A provider that never opens a received record must not delay the end.
    this.#timers.abortAfterTimeout(() => asTransportError(error));
  }

  /** Handles the engine's events, after its output was sent. */
  #handleEvents(events: readonly EngineEvent[]): void {
    for (const event of events) this.#handleEvent(event);
    if (!this.#hasEnded) this.#timers.update();
  }

  #handleEvent(event: EngineEvent): void {
    switch (event.type) {
      case "trace":
        return callGuarded(() => this.#options.traceListener?.(event.event));
      case "established":
        this.#timers.established();
        this.#handshakeResult = event.established;
        this.#transport.established?.();
        this.#openedDeferred?.resolve(event.established.session);
        this.#openedDeferred = undefined;
        return callGuarded(() => this.#options.traceListener?.({ type: "established" }));
      case "close_notify":
        return this.#inbound.end();
      case "closed":
        return this.#finish(event.error);
    }
  }

  /** Closes our side after the application has read the peer's end, once everything written is sent. */
  #closeAfterEndRead(): void {
    if (this.#options.allowHalfOpen) return;
    setTimeout(() => {
      if (this.#holdCount) return;
      const { pendingWrites } = this.#outbound;
      if (pendingWrites) void pendingWrites.then(() => this.#closeAfterEndRead());
      else this.#engine.close();
    }, 0);
  }

  #finish(error: TlsError | undefined): void {
    this.#hasEnded = true;
    this.#timers.stop();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const getError = error ? this.#endErrors.add(error) : this.#endErrors.addLazily(closedError);
    this.#outbound.failWrites(getError);
    this.#handshakeResult?.exporter.wipe();
    if (error && endsSession(error)) this.#handshakeResult?.forgetSession?.();
    callGuarded(() => (error ? this.#transport.abort(error.code) : this.#transport.end()));
    this.#openedDeferred?.reject(getError());
    this.#inbound.end(error && getError);
    if (error) this.#closed.reject(error);
    else this.#closed.resolve();
    this.signalClosing();
    callGuarded(() => this.#options.traceListener?.({ type: "closed", ...(error && { error }) }));
  }
}
