/**
 * A channel: an engine, a transport, and between them the host's clock and streams.
 * @module
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { Bytes } from "../bytes/bytes.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineEvent, EngineOptions } from "../engine/options.ts";
import { type AlertDescription, alertDescriptions, type TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import type { ChannelBindingType } from "../handshake/exporter.ts";
import type { Established, Session } from "../handshake/session.ts";
import { hostMemory } from "../record/memory.ts";
import type { Traffic } from "../record/traffic.ts";
import { closeAtDispose } from "./asyncDispose.ts";
import type { ByteReadable } from "./byteReadable.ts";
import { callListener } from "./callListener.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { Endings } from "./endings.ts";
import { abortedBy, asTransportError, carrierGone, closedLocally, connectionClosed, endsSession } from "./errors.ts";
import { Inbound } from "./inbound.ts";
import type { ConnectionOptions } from "./options.ts";
import { Outbound } from "./outbound.ts";
import { iteratorOf, readableOf, writableOf } from "./streams.ts";
import { Timers } from "./timers.ts";
import type { Transport } from "./transport.ts";

/** What the roles give; the rest is the connection's own. */
export type RoleOptions = Pick<
  EngineOptions,
  "role" | "handshake" | "maxFragment" | "maxRenegotiations" | "traceSecrets"
>;

/**
 * An authenticated, encrypted channel. Read and write it as web streams, or with `read` and `write`.
 * Each promise that it gives out may be ignored. docs/ends.md says what each of them sees for every way in which a connection can end.
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
  #opening: Deferred<Session> | undefined = deferred<Session>();
  readonly #closed = deferred<void>();
  #established: Established | undefined;
  readonly #endings = new Endings();
  /** Promises of the application's that its side stays open for. */
  #holds = 0;
  #isClosing = false;
  /** All is told. */
  #isOver = false;
  #closing: InstanceType<typeof AbortController> | undefined;

  #readable: ByteReadable | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  constructor(transport: Transport, role: RoleOptions, options: ConnectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#opened = markHandled((this.#opening as Deferred<Session>).promise);
    void markHandled(this.#closed.promise);
    this.#inbound = new Inbound(transport, () => this.#closeWhenIdle());
    this.#engine = new Engine({
      ...role,
      trace: options.traceListener !== undefined,
      memory: transport.memory ?? hostMemory,
      inbound: this.#inbound,
      wake: () => this.#outbound.schedule(),
    });
    this.#inbound.engine = this.#engine;
    this.#outbound = new Outbound(
      transport,
      this.#engine,
      this.#opened,
      (events) => this.#tell(events),
      () => this.#outbound.fail(this.#endings.later(carrierGone)),
    );
    transport.start({
      data: (bytes) => this.#engine.receive(bytes),
      drain: () => this.#outbound.drain(),
      end: () => this.#engine.receiveEnd(),
      error: (error) => {
        this.#inbound.carrierGone();
        this.#engine.receiveError(asTransportError(error));
        // A provider that never opens what came before must not hold the end up.
        this.#timers.endWithin(() => asTransportError(error));
      },
    });
    // Behind what may throw.
    this.#timers = new Timers(this.#engine, this.#outbound, options, () => this.#holds > 0 || !this.#inbound.isEmpty);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#engine.start();
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Resolves when the handshake is done; rejects with the TlsError that ended it. */
  get opened(): Promise<Session> {
    return this.#opened;
  }
  /**
   * Resolves once both sides have sent close_notify: that says nothing of what the peer's application has read. Rejects with the TlsError that ended the
   * connection otherwise, a truncation included.
   */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }
  /** What the handshake established. Throws a usage error before that. */
  get session(): Session {
    return this.#afterHandshake.session;
  }
  /** The peer's address where the transport knows it: a proxy's, where there is one before us. `undefined` once the carrier is gone. */
  get remoteAddress(): string | undefined {
    return this.#transport.remoteAddress;
  }
  /** What has gone over it so far. */
  get traffic(): Traffic {
    return this.#engine.traffic;
  }
  /**
   * Aborts once this connection is to end: a server that closes asks its handlers to finish, `close` was called, or the connection is over.
   * @example
   * channel.closing.addEventListener("abort", () => stopTheWork());
   */
  get closing(): AbortSignal {
    this.#closing ??= new AbortController();
    if (this.#isClosing) this.#closing.abort();
    return this.#closing.signal;
  }
  /** Aborts `closing`, and leaves the connection open for what its user still has to say. */
  askToClose(): void {
    this.#isClosing = true;
    this.#closing?.abort();
  }

  /**
   * Keying material for another protocol, bound to this connection and known to both sides alone (RFC 5705). Both get the same for the same
   * label and context. Throws a usage error before the handshake, after the end, and where extended_master_secret was not agreed.
   * @param length bytes, 1 to 65,535
   * @param label ASCII; the registry has them, private ones begin with "EXPERIMENTAL"
   * @param context any bytes, 65,535 at most; no context is not the same as an empty one
   * @example
   * const key = channel.exportKeyingMaterial(32, "EXPERIMENTAL my protocol");
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Bytes {
    return this.#afterHandshake.exporter.export(length, label, context);
  }

  /**
   * What binds an authentication inside the channel to the channel (RFC 5056): who relays it to another channel is found out. `tls-exporter` (RFC 9266) for new
   * protocols, `tls-unique` and `tls-server-end-point` (RFC 5929) for old ones. Throws a usage error where it would bind nothing.
   * @example
   * const binding = channel.channelBinding("tls-exporter"); // for SCRAM-SHA-256-PLUS
   */
  channelBinding(type: ChannelBindingType): Bytes {
    return this.#afterHandshake.exporter.channelBinding(type);
  }

  get #afterHandshake(): Established {
    if (!this.#established) throw usageError("there is no session before the handshake is done");
    return this.#established;
  }

  /** Data as a stream. It errors with a TlsError where data may be missing. */
  get readable(): ByteReadable {
    this.#readable ??= readableOf(this.#inbound);
    return this.#readable;
  }

  /** A stream to write to; closing it says close_notify and leaves reading open. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= writableOf(this);
    return this.#writable;
  }

  /**
   * The next bytes, or `undefined` after the peer's close_notify, once every byte before that was read. Rejects with the TlsError that ended the connection,
   * `closed_locally` where we did. One read at a time.
   *
   * A peer is stopped once 128 KiB wait that nobody reads. A page cannot stop it: there 16 MiB end the connection, with the error `inbound_overflow`.
   */
  read(): Promise<Bytes | undefined> {
    return this.#inbound.read();
  }

  /**
   * Sends bytes; resolves when there is room for more. Rejects with a TlsError where the connection is not open.
   *
   * A writer that waits for it holds 4 MiB at most, however slowly the peer reads. All that is written by one that does not wait stays in memory until there is
   * room, without a limit; those bytes must not be changed before.
   */
  write(bytes: Uint8Array): Promise<void> {
    return this.#outbound.write(bytes);
  }

  /** Says close_notify behind everything written; reading stays open. */
  closeWrite(): Promise<void> {
    return markHandled(
      this.#outbound.written.then(() => {
        this.#engine.close();
        // It is the end of all, in order or because what was written cannot be sealed.
        return this.#engine.phase === "closed" ? this.closed : undefined;
      }),
    );
  }

  /**
   * Keeps our side open until `done` settles, though the peer's end is read before that: an answer may still be on its way.
   * A server does so for the promise of its handler.
   * @example
   * channel.holdOpen(answer(channel));
   */
  holdOpen(done: PromiseLike<unknown>): void {
    this.#holds++;
    const release = (): void => {
      this.#holds--;
      if (this.#inbound.isEndRead) this.#closeWhenIdle();
    };
    void Promise.resolve(done).then(release, release);
  }

  /**
   * Closes both ways: close_notify behind everything written, then the peer's. All of it takes `closeTimeout` at most, 5 s unless told otherwise. What comes in
   * meanwhile is dropped; a read or write that comes too late rejects with `closed_locally`. Resolves and rejects as `closed` does.
   */
  close(): Promise<void> {
    const ending = this.#endings.later(closedLocally);
    if (this.#engine.phase !== "closed") this.#outbound.refuse(ending);
    this.#inbound.stop(ending);
    this.askToClose();
    this.#outbound.endBehindClose();
    this.#timers.close();
    return this.closed;
  }

  /** As `close`; it never rejects. On hosts that have the symbol. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    closeAtDispose(TlsConnection.prototype);
  }

  /**
   * Ends the connection at once, without the order of `close`.
   * @param alert what the peer is told, as a fatal alert; none of those that RFC 5246 §7.2.2 reserves
   * @example
   * channel.abort(undefined, "access_denied");
   */
  abort(
    reason?: unknown,
    alert: Exclude<AlertDescription, "close_notify" | `${string}_RESERVED`> = "user_canceled",
  ): void {
    // An alert that is misspelt, or close_notify, must not read as a clean end.
    const error = abortedBy(reason, alertDescriptions[alert] > 0 ? alert : "internal_error");
    const { phase } = this.#engine;
    if (phase !== "closed") this.#inbound.stop(this.#endings.add(error));
    this.#engine.abort(error);
    // In a handshake, no data waits for a provider that may never answer.
    if (phase === "handshake") this.#engine.giveUp();
  }

  /**
   * True where `error` is how this connection ended: what its `read`, `write` and `closed` reject with.
   * @example
   * if (!channel.endedBy(error)) report(error);
   */
  endedBy(error: unknown): boolean {
    return this.#endings.has(error);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes, void, void> {
    return iteratorOf(this.#inbound);
  }

  readonly #onAbort = (): void => this.abort(this.#options.signal?.reason);

  /** What the engine has to tell, behind what it had to send. */
  #tell(events: readonly EngineEvent[]): void {
    for (const event of events) this.#on(event);
    if (!this.#isOver) this.#timers.update();
  }

  #on(event: EngineEvent): void {
    switch (event.type) {
      case "trace":
        return callListener(() => this.#options.traceListener?.(event.event));
      case "established":
        this.#timers.established();
        this.#established = event.established;
        this.#transport.established?.();
        this.#opening?.resolve(event.established.session);
        this.#opening = undefined;
        return callListener(() => this.#options.traceListener?.({ type: "established" }));
      case "end":
        return this.#inbound.end();
      case "closed":
        return this.#finish(event.error);
    }
  }

  /** The application has seen the peer's end: what it has written still goes out, then our close_notify. */
  #closeWhenIdle(): void {
    if (this.#options.allowHalfOpen) return;
    setTimeout(() => {
      if (this.#holds) return;
      const { busy } = this.#outbound;
      if (busy) void busy.then(() => this.#closeWhenIdle());
      else this.#engine.close();
    }, 0);
  }

  #finish(error: TlsError | undefined): void {
    this.#isOver = true;
    this.#timers.stop();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const ending = error ? this.#endings.add(error) : this.#endings.later(connectionClosed);
    this.#outbound.fail(ending);
    this.#established?.exporter.wipe();
    if (error && endsSession(error)) this.#established?.forget?.();
    if (error) this.#transport.abort(error.code);
    else this.#transport.end();
    this.#opening?.reject(ending());
    this.#inbound.end(error && ending);
    if (error) this.#closed.reject(error);
    else this.#closed.resolve();
    this.askToClose();
    callListener(() => this.#options.traceListener?.({ type: "closed", ...(error && { error }) }));
  }
}
