/**
 * Data on its way to the transport: the order of writes, when a writer waits, and how records are grouped into
 * messages. Only this file of core limits how fast data is sent.
 * @module
 */
import { joinContiguous } from "../bytes/bytes.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../engine/options.ts";
import { usageError } from "../errors.ts";
import { ignore, markHandled } from "../flow.ts";
import { itemOverhead, maxIdleMicrotasks, maxMessageData, maxMessageLength, turnBudget } from "../limits.ts";
import { hostMemory, type Memory } from "../record/memory.ts";
import { type Deferred, deferred } from "./deferred.ts";
import type { GetEndError } from "./endErrors.ts";
import type { Transport } from "./transport.ts";
import { nextTimerTurn, sendBudget } from "./turnBudget.ts";

/**
 * The result of a write that need not wait. Its `then` also runs our microtasks: in Node, `queueMicrotask` takes ten
 * times as long, because it wraps each callback.
 */
export const resolved: Promise<void> = Promise.resolve();

export class Outbound {
  readonly #transport: Transport;
  readonly #memory: Memory;
  readonly #engine: Engine;
  readonly #opened: Promise<unknown>;
  readonly #onEvents: (events: readonly EngineEvent[]) => void;
  readonly #onGone: () => void;
  readonly #onTransportError: (error: unknown) => void;
  /** The error of all later writes. */
  #laterWritesError: GetEndError | undefined;
  /** The error of the writes that wait. */
  #waitingWritesError: GetEndError | undefined;

  #isScheduled = false;
  /** The number of bytes for the next flush, and the number of microtasks that the flush still waits for more bytes. */
  #gathered = 0;
  #idleLeft = 0;

  /** True after the transport has returned "full", until it drains. */
  #isFull = false;
  /** True while writers wait for a later turn, because all connections together have spent this turn's budget. */
  #isWaitingForTurn = false;
  #room: Deferred<void> | undefined;
  #lastWrite: Promise<void> = resolved;
  #queuedWrites = 0;
  #progress = 0;
  /**
   * Whether our side of the transport ends after close_notify is sent, because many peers send their close_notify only
   * after that. `TlsConnection.closeWrite` leaves our side open, because a peer without allowHalfOpen takes the end of
   * our side as our departure.
   */
  endsTransport = false;

  /**
   * @param onEvents handles the engine's events, after its output was sent
   * @param onGone called when the transport accepts no more bytes
   * @param onTransportError called with the error that the transport has thrown, whose `send` must not throw
   */
  constructor(
    transport: Transport,
    engine: Engine,
    opened: Promise<unknown>,
    onEvents: (events: readonly EngineEvent[]) => void,
    onGone: () => void,
    onTransportError: (error: unknown) => void,
  ) {
    this.#transport = transport;
    this.#memory = transport.memory ?? hostMemory;
    this.#engine = engine;
    this.#opened = opened;
    this.#onEvents = onEvents;
    this.#onGone = onGone;
    this.#onTransportError = onTransportError;
  }

  /** See `TlsConnection.write`. */
  write(bytes: Uint8Array): Promise<void> {
    // JavaScript callers may pass text, an ArrayBuffer, or a view of wider numbers.
    if ((bytes as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT !== 1)
      return markHandled(Promise.reject(usageError("write takes a Uint8Array: encode text with TextEncoder")));
    if (this.#laterWritesError) return markHandled(Promise.reject(this.#laterWritesError()));
    // Fast path: no other write is pending and the transport has room, so mostly no promise is created.
    if (!this.#queuedWrites && this.#hasRoom && this.#engine.phase === "open" && bytes.length <= maxMessageData) {
      try {
        this.#writeNow(bytes);
        return this.#hasRoom ? resolved : markHandled(this.#waitForRoom());
      } catch (error) {
        return markHandled(Promise.reject(error));
      }
    }
    this.#queuedWrites++;
    const done = this.#lastWrite.then(() => this.#writeQueued(bytes)).finally(() => this.#queuedWrites--);
    this.#lastWrite = done.catch(ignore);
    return done;
  }

  /** Resolves when the engine has taken the data of all writes until now, or the writes have failed. */
  get written(): Promise<void> {
    return this.#lastWrite;
  }
  /** Resolves when the pending writes have settled, or a waiting writer has room. `undefined` if no writer waits. */
  get pendingWrites(): Promise<void> | undefined {
    return this.#queuedWrites ? this.#lastWrite : this.#room?.promise;
  }
  /** The number of writes and drains so far. A timer compares two values to see whether data moves. */
  get progress(): number {
    return this.#progress;
  }

  /** Makes later writes fail. */
  failLaterWrites(getError: GetEndError): void {
    this.#laterWritesError ??= getError;
  }

  /** Makes later writes and waiting writes fail. */
  failWrites(getError: GetEndError): void {
    this.#waitingWritesError ??= getError;
    this.failLaterWrites(getError);
    this.#releaseWriters();
  }

  /** Called when the transport has room again. */
  drain(): void {
    this.#isFull = false;
    this.#progress++;
    this.#releaseWriters();
  }

  async #writeQueued(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    if (this.#engine.phase === "handshake") await this.#opened;
    if (this.#engine.phase === "closed") await this.#waitForRoom();
    for (let at = 0; at < bytes.length; at += maxMessageData) {
      this.#writeNow(bytes.subarray(at, at + maxMessageData));
      if (!this.#hasRoom) await this.#waitForRoom();
      this.#throwFailure();
    }
  }

  #writeNow(bytes: Uint8Array): void {
    this.#engine.write(bytes);
    this.#progress++;
    // Each write takes time of its own: without this charge, millions of tiny writes would fit into one turn.
    sendBudget.spent += itemOverhead;
    this.schedule();
  }

  #throwFailure(): void {
    if (this.#waitingWritesError) throw this.#waitingWritesError();
  }

  /** True if transport and budget have room, and less than a whole message waits to be sealed or sent. */
  get #hasRoom(): boolean {
    return !this.#isFull && !this.#isWaitingForTurn && this.#engine.pendingOut < maxMessageData;
  }

  #waitForRoom(): Promise<void> {
    this.#room ??= deferred();
    return this.#room.promise.then(() => this.#throwFailure());
  }

  #releaseWriters(): void {
    // After the end of the connection, a writer waits until `failWrites` gives its error.
    if (!this.#waitingWritesError && (this.#engine.phase === "closed" || !this.#hasRoom)) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Schedules a flush after a few microtasks without a write, or as soon as the ready bytes fill a message. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#idleLeft = maxIdleMicrotasks;
    void resolved.then(this.#gather);
  }

  /**
   * Waits a few microtasks for the next write. The records of a writer that awaits each write then join this message.
   */
  readonly #gather = (): void => {
    const ready = this.#engine.pendingOut;
    if (ready > this.#gathered) this.#idleLeft = maxIdleMicrotasks;
    this.#gathered = ready;
    if (this.#idleLeft-- > 0 && ready > 0 && ready < maxMessageData && this.#engine.phase === "open") {
      void resolved.then(this.#gather);
      return;
    }
    this.#gathered = 0;
    this.#isScheduled = false;
    this.#flush();
  };

  /** Sends everything that is ready, in as few messages as possible. */
  #flush(): void {
    const { output, events } = this.#engine.take();
    try {
      for (const message of messages(output, this.#memory)) {
        sendBudget.spent += message.length;
        const result = this.#transport.send(message);
        if (result === "full") this.#isFull = true;
        else if (result === "gone") {
          this.#onGone();
          break;
        }
      }
    } catch (error) {
      this.#onTransportError(error);
    }
    if (output.length && sendBudget.spent >= turnBudget) this.#waitForTurn();
    this.#releaseWriters();
    this.#onEvents(events);
    if (!this.endsTransport || !this.#engine.closeFlushed || this.#engine.phase === "closed") return;
    this.endsTransport = false;
    this.#transport.closeWrite?.();
  }

  #waitForTurn(): void {
    if (this.#isWaitingForTurn) return;
    this.#isWaitingForTurn = true;
    sendBudget.wait(() => {
      this.#isWaitingForTurn = false;
      this.#releaseWriters();
    }, this.#transport.nextTurn ?? nextTimerTurn);
  }
}

/**
 * Groups records into as few messages as the limit allows. Records that are not contiguous in memory are copied, and
 * their memory is released.
 */
function* messages(records: readonly Uint8Array[], memory: Memory): Generator<Uint8Array, void, void> {
  for (let from = 0, to = 0; from < records.length; from = to) {
    let length = (records[to++] as Uint8Array).length;
    for (; to < records.length; to++) {
      length += (records[to] as Uint8Array).length;
      if (length > maxMessageLength) break;
    }
    const parts = records.slice(from, to);
    const message = joinContiguous(parts);
    if (message.buffer !== parts[0]?.buffer) for (const part of parts) memory.release(part);
    yield message;
  }
}
