/**
 * A channel: an engine, a transport, and between them the host's clock and streams.
 * @module
 */
import { gather } from "../bytes/bytes.ts";
import { Engine, type EngineEvent, type EngineOptions } from "../connection/engine.ts";
import { type AlertDescription, TlsError, usageError } from "../errors.ts";
import { ignore, unheard } from "../flow.ts";
import type { ChannelBindingType } from "../handshake/exporter.ts";
import type { Established, Session } from "../handshake/session.ts";
import {
  closeTimeout,
  highWaterInbound,
  itemOverhead,
  maxFlush,
  maxFlushMessage,
  maxInbound,
  maxUnpaced,
} from "../limits.ts";
import type { ConnectionOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>["resolve"];
  let reject!: Deferred<T>["reject"];
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

/** Of a write that need not wait; and for microtasks of our own, since `queueMicrotask` wraps each of them in Node, which takes ten times as long. */
const atOnce = Promise.resolve();

/** Microtasks from the end of one write to the next one of the same writer: three where it awaits them, some more through a pipe of streams. */
const patience = 12;

/**
 * An authenticated, encrypted channel. Read and write it as web streams, or with `read` and `write`.
 * @example
 * const channel = await connect(transport, { ca, serverName: "localhost" });
 * await channel.write(new TextEncoder().encode("hello"));
 * for await (const bytes of channel) console.log(bytes);
 */
export class TlsConnection {
  readonly #transport: Transport;
  readonly #engine: Engine;
  readonly #options: ConnectionOptions;
  readonly #opened: Promise<Session>;
  #opening: Deferred<Session> | undefined;
  readonly #closed = deferred<void>();
  #established: Established | undefined;
  #flushing = false;
  /** Of the flush that is coming: what it has so far, and how many more microtasks it waits for more. */
  #gathered = 0;
  #patience = 0;

  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #ended = false;
  #failure: TlsError | undefined;
  #reader: Deferred<Uint8Array | undefined> | undefined;
  #paused = false;
  #discarding = false;
  /** Promises of the application's that its side stays open for. */
  #holds = 0;

  /** The transport said so, and has not drained since. */
  #full = false;
  /** What it took since it was last full, and whether we give the event loop a turn. */
  #unpaced = 0;
  #resting = false;
  #room: Deferred<void> | undefined;
  #writing: Promise<void> = atOnce;
  #writes = 0;

  #timer: unknown;
  #closeTimer: unknown;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  constructor(transport: Transport, engine: Omit<EngineOptions, "wake" | "trace">, options: ConnectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#opening = deferred<Session>();
    this.#opened = unheard(this.#opening.promise);
    void unheard(this.#closed.promise);
    this.#engine = new Engine({ ...engine, trace: options.traceListener !== undefined, wake: () => this.#schedule() });
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    transport.start({
      data: (bytes) => this.#receive(bytes),
      drain: () => {
        this.#full = false;
        this.#makeRoom();
      },
      end: () => this.#engine.receiveEnd(),
      error: (error) => this.#engine.abort(asTransportError(error)),
    });
    this.#timer = setTimeout(
      () => this.#engine.abort(handshakeTimedOut(options.handshakeTimeout)),
      options.handshakeTimeout,
    );
    this.#engine.start();
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Resolves when the handshake is done; rejects with the TlsError that ended it. */
  get opened(): Promise<Session> {
    return this.#opened;
  }
  /** Resolves when both sides have closed in order; rejects with the TlsError that ended the connection, a truncation included. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }
  /** What the handshake established. Throws a usage error before that. */
  get session(): Session {
    return this.#afterHandshake.session;
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
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Uint8Array {
    return this.#afterHandshake.exporter.export(length, label, context);
  }

  /**
   * What binds an authentication inside the channel to the channel (RFC 5056): who relays it to another channel is found out. `tls-exporter` (RFC 9266) for new
   * protocols, `tls-unique` and `tls-server-end-point` (RFC 5929) for old ones. Throws a usage error where it would bind nothing.
   * @example
   * const binding = channel.channelBinding("tls-exporter"); // for SCRAM-SHA-256-PLUS
   */
  channelBinding(type: ChannelBindingType): Uint8Array {
    return this.#afterHandshake.exporter.channelBinding(type);
  }

  get #afterHandshake(): Established {
    if (!this.#established) throw usageError("there is no session before the handshake is done");
    return this.#established;
  }

  /** Data as a stream. It errors with a TlsError where data may be missing. */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = await this.read();
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
        cancel: () => this.#discard(),
      },
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /** A stream to write to; closing it says close_notify and leaves reading open. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= new WritableStream<Uint8Array>({
      write: (chunk) => this.write(chunk),
      close: () => this.closeWrite(),
      abort: (reason) => this.abort(reason),
    });
    return this.#writable;
  }

  /**
   * The next bytes, or `undefined` after the peer's close_notify. Rejects with the TlsError that ended the connection. One read at a time.
   *
   * Who does not read stops the peer once 128 KiB wait. A page cannot stop it: there 16 MiB end the connection, with the error `inbound_overflow`.
   */
  read(): Promise<Uint8Array | undefined> {
    if (this.#reader) return Promise.reject(usageError("a read is under way"));
    const bytes = this.#inbox.shift();
    if (bytes) {
      this.#inboxBytes -= bytes.length + itemOverhead;
      this.#steer();
      return Promise.resolve(bytes);
    }
    // What came after an authentic end cannot take it back.
    if (this.#ended) {
      this.#closeWhenIdle();
      return Promise.resolve(undefined);
    }
    if (this.#failure) return Promise.reject(this.#failure);
    this.#reader = deferred();
    return this.#reader.promise;
  }

  /**
   * Sends bytes; resolves when there is room for more. Rejects with a TlsError where the connection is not open.
   *
   * Who waits for it holds 4 MiB at most, however slowly the peer reads. Who does not has all that it wrote in memory until there is room, without a limit; those bytes
   * must not be changed before.
   */
  write(bytes: Uint8Array): Promise<void> {
    // What JavaScript lets pass: text, an ArrayBuffer, a view of wider numbers.
    if ((bytes as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT !== 1)
      return unheard(Promise.reject(usageError("write wants a Uint8Array; for text, what TextEncoder makes of it")));
    // The usual case costs no promise of its own: nobody waits before us, and there is room.
    if (!this.#writes && this.#hasRoom && this.#engine.phase === "open" && bytes.length <= maxFlush) {
      try {
        this.#put(bytes);
        return this.#hasRoom ? atOnce : unheard(this.#waitForRoom());
      } catch (error) {
        return unheard(Promise.reject(error));
      }
    }
    this.#writes++;
    const done = this.#writing.then(() => this.#send(bytes)).finally(() => this.#writes--);
    this.#writing = done.catch(ignore);
    return done;
  }

  /** Says close_notify behind everything written; reading stays open. */
  async closeWrite(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
    this.#engine.close();
    // It is the end of all, in order or because what was written cannot be sealed.
    if (this.#engine.phase === "closed") return this.closed;
    if (this.#discarding) this.#awaitPeerClose();
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
      if (this.#ended && !this.#inbox.length) this.#closeWhenIdle();
    };
    done.then(release, release);
  }

  /** Closes both ways: close_notify, then the peer's is waited for, 5 s at most. What comes in meanwhile is dropped. */
  async close(): Promise<void> {
    this.#discard();
    await this.closeWrite().catch(ignore);
    return this.closed;
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
    // Always an error of this connection's own: another's alert, or its close_notify, would tell this peer a lie.
    this.#engine.abort(
      new TlsError(alert, "the application ended the connection", {
        code: "aborted",
        fault: "application",
        ...(reason !== undefined && { cause: reason }),
      }),
    );
  }

  /**
   * True where `error` is how this connection ended: what its `read`, `write` and `closed` reject with.
   * @example
   * if (!channel.endedBy(error)) report(error);
   */
  endedBy(error: unknown): boolean {
    return error !== undefined && error === this.#failure;
  }

  /** No generator: one that waits would cost a connection that waits more than its keys do. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, void, void> {
    return { next: () => this.read().then(asResult), [Symbol.asyncIterator]: itself };
  }

  readonly #onAbort = (): void => this.abort(this.#options.signal?.reason);

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    if (this.#engine.phase === "handshake") await this.opened;
    for (let at = 0; at < bytes.length; at += maxFlush) {
      this.#put(bytes.subarray(at, at + maxFlush));
      if (!this.#hasRoom) await this.#waitForRoom();
      this.#throwFailure();
    }
  }

  #put(bytes: Uint8Array): void {
    this.#engine.write(bytes);
    // A write costs time beside that of its bytes: of the smallest, millions would come before as many bytes.
    this.#unpaced += itemOverhead;
    this.#schedule();
  }

  /** The transport takes more, and no whole message of ours waits for it, or for being sealed. */
  get #hasRoom(): boolean {
    return !this.#full && !this.#resting && this.#engine.pendingOut < maxFlush;
  }

  #waitForRoom(): Promise<void> {
    this.#room ??= deferred();
    return this.#room.promise.then(() => this.#throwFailure());
  }

  #receive(bytes: Uint8Array): void {
    this.#engine.receive(bytes);
    this.#steer();
  }

  /** Pauses the transport while we hold enough; where it cannot pause, there is a limit. */
  #steer(): void {
    const held = this.#inboxBytes + this.#engine.pendingIn;
    if (held > highWaterInbound && !this.#paused) this.#paused = this.#transport.pause();
    if (held <= highWaterInbound && this.#paused) {
      this.#paused = false;
      this.#transport.resume();
    }
    if (held > maxInbound)
      this.#engine.abort(
        new TlsError(
          "internal_error",
          `more than ${maxInbound} bytes wait to be read, and this transport cannot be paused`,
          { code: "inbound_overflow", fault: "application", advice: "read faster, or let the peer wait for answers" },
        ),
      );
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#patience = patience;
    void atOnce.then(this.#turn);
  }

  /** A writer that waits for each write comes back within a few microtasks: while it does, its records join this message. */
  readonly #turn = (): void => {
    const pending = this.#engine.pendingOut;
    if (pending > this.#gathered) this.#patience = patience;
    this.#gathered = pending;
    if (this.#patience-- > 0 && pending > 0 && pending < maxFlush && this.#engine.phase === "open") {
      void atOnce.then(this.#turn);
      return;
    }
    this.#gathered = 0;
    this.#flushing = false;
    this.#flush();
  };

  /** Everything that is ready in one turn goes out together. */
  #flush(): void {
    const { output, events } = this.#engine.take();
    for (const message of joined(output)) {
      this.#unpaced += message.length;
      if (!this.#transport.send(message)) this.#full = true;
    }
    if (this.#full) this.#unpaced = 0;
    else if (this.#unpaced > maxUnpaced) this.#rest();
    this.#makeRoom();
    for (const event of events) this.#on(event);
    this.#steer();
  }

  #rest(): void {
    this.#unpaced = 0;
    this.#resting = true;
    setTimeout(() => {
      this.#resting = false;
      this.#makeRoom();
    }, 0);
  }

  #on(event: EngineEvent): void {
    switch (event.type) {
      case "trace":
        return callListener(() => this.#options.traceListener?.(event.event));
      case "established":
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#established = event.established;
        this.#opening?.resolve(event.established.session);
        this.#opening = undefined;
        return callListener(() => this.#options.traceListener?.({ type: "established" }));
      case "data":
        return this.#deliver(event.bytes);
      case "end":
        this.#ended = true;
        this.#reader?.resolve(undefined);
        if (this.#reader || this.#discarding) this.#closeWhenIdle();
        this.#reader = undefined;
        return;
      case "closed":
        return this.#finish(event.error);
    }
  }

  #makeRoom(): void {
    if (this.#engine.phase !== "closed" && !this.#hasRoom) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#discarding) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) {
      reader.resolve(bytes);
      return;
    }
    this.#inbox.push(bytes);
    this.#inboxBytes += bytes.length + itemOverhead;
  }

  #discard(): void {
    this.#discarding = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#steer();
  }

  /** The application has seen the peer's end: what it has written still goes out, then our close_notify. */
  #closeWhenIdle(): void {
    if (this.#options.allowHalfOpen) return;
    setTimeout(() => {
      if (this.#holds) return;
      if (this.#writes) void this.#writing.then(() => this.#closeWhenIdle());
      else this.#engine.close();
    }, 0);
  }

  /** After our close_notify the peer's is waited for, but not for ever. */
  #awaitPeerClose(): void {
    if (this.#engine.phase !== "closed")
      this.#closeTimer ??= setTimeout(
        () =>
          this.#engine.abort(
            new TlsError(undefined, `the peer did not close within ${closeTimeout} ms`, { code: "close_timeout" }),
          ),
        closeTimeout,
      );
  }

  #finish(error: TlsError | undefined): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#closeTimer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#failure = error;
    this.#ended ||= !error;
    this.#established?.exporter.wipe();
    if (error && endsSession(error)) this.#established?.forget?.();
    if (error) this.#transport.abort(error.code);
    else this.#transport.end();
    this.#opening?.reject(error ?? usageError("the connection is closed"));
    this.#room?.resolve();
    this.#room = undefined;
    if (error) {
      this.#reader?.reject(error);
      this.#closed.reject(error);
    } else {
      this.#reader?.resolve(undefined);
      this.#closed.resolve();
    }
    this.#reader = undefined;
    callListener(() => this.#options.traceListener?.({ type: "closed", ...(error && { error }) }));
  }
}

/** RFC 5246 §7.2.2: a fatal alert, ours or the peer's, one of the peer's that has no name included. */
const endsSession = ({ alert, by }: TlsError): boolean =>
  by === "peer" || (alert !== undefined && alert !== "close_notify");

/** One for all: every connection that waits has an iterator. */
function itself<T>(this: T): T {
  return this;
}

const asResult = (value: Uint8Array | undefined) => ({ value, done: !value }) as IteratorResult<Uint8Array, void>;

/** Records into transport messages, as few as the cap allows. */
function* joined(parts: readonly Uint8Array[]): Generator<Uint8Array, void, void> {
  let from = 0;
  let length = 0;
  for (let i = 0; i < parts.length; i++) {
    const next = (parts[i] as Uint8Array).length;
    if (length && length + next > maxFlushMessage) {
      yield gather(parts.slice(from, i));
      from = i;
      length = 0;
    }
    length += next;
  }
  if (length) yield gather(parts.slice(from));
}

/** A listener that throws is not the connection's trouble, and not the process's: it is said where people look. */
function callListener(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    console.error("handclasp: a listener of the application threw:", error);
  }
}

const handshakeTimedOut = (ms: number): TlsError =>
  new TlsError("close_notify", `the handshake was not done within ${ms} ms`, {
    code: "handshake_timeout",
    advice: "is the other side a TLS 1.2 peer, and reachable?",
  });

const asTransportError = (error: Error): TlsError =>
  TlsError.is(error)
    ? error
    : new TlsError(undefined, `the transport failed: ${error.message}`, {
        code: "transport_failed",
        fault: "transport",
        cause: error,
      });
