/**
 * The way in, behind the engine: what waits to be read, and when the peer is stopped. The only place that pauses and resumes a carrier.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { ByteQueue } from "../bytes/queue.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineInbound } from "../engine/options.ts";
import { TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterInbound, itemOverhead, maxInbound, recordCost, turnBudget } from "../limits.ts";
import type { Deferred } from "./deferred.ts";
import type { Ending } from "./endings.ts";
import type { Transport } from "./transport.ts";
import { nextTimerTurn, receiveBudget } from "./turnBudget.ts";

export class Inbound implements EngineInbound {
  readonly #transport: Transport;
  readonly #onEndRead: () => void;
  /** Set before anything comes in. */
  engine!: Pick<Engine, "work" | "abort">;
  /** Made once something waits: most connections wait for bytes, not bytes for them. */
  #queue: ByteQueue | undefined;
  /** Bytes that wait, each piece with its overhead; and those that the engine has not worked off. */
  #bytes = 0;
  #backlog = 0;
  #reader: Omit<Deferred<Bytes | undefined>, "promise"> | undefined;
  /** What a read finds once the queue is empty: the peer's end, or why there is none. */
  #end: { readonly error?: Ending } | undefined;
  #endRead = false;
  /** What comes is dropped. */
  #dropping = false;
  #paused = false;
  /** A record waits for the application to read. */
  #blocked = false;
  /** A record waits for the next turn of the event loop. */
  #resting = false;
  /** The carrier is gone: what it brought is worked off whether somebody reads or not. */
  #unlimited = false;

  /** @param onEndRead hears that the application has read the peer's end */
  constructor(transport: Transport, onEndRead: () => void) {
    this.#transport = transport;
    this.#onEndRead = onEndRead;
  }

  /** Application data. */
  push(bytes: Uint8Array): void {
    if (this.#dropping) return;
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      return reader.resolve(bytes as Bytes);
    }
    this.#bytes += bytes.length;
    this.#queue ??= new ByteQueue();
    if (!this.#queue.push(bytes)) this.#bytes += itemOverhead;
    if (this.#bytes > highWaterInbound) this.#steer();
  }

  backlog(bytes: number): void {
    this.#backlog = bytes;
    this.#steer();
  }

  /** See `TlsConnection.read`. */
  read(): Promise<Bytes | undefined> {
    if (this.#reader) return markHandled(Promise.reject(usageError("a read is under way")));
    const bytes = this.#bytes > 0 ? this.#queue?.shift() : undefined;
    if (bytes) {
      this.#bytes -= bytes.length + itemOverhead;
      this.#goOn();
      return Promise.resolve(bytes as Bytes);
    }
    if (this.#end) return this.#tellEnd(this.#end.error);
    const promise = new Promise<Bytes | undefined>((resolve, reject) => {
      // A read may be ignored: its rejection must not end the process.
      this.#reader = {
        resolve,
        reject(error) {
          void markHandled(promise);
          reject(error);
        },
      };
    });
    return promise;
  }

  #tellEnd(error: Ending | undefined): Promise<undefined> {
    if (error) return markHandled(Promise.reject(error()));
    this.#endRead = true;
    this.#onEndRead();
    return Promise.resolve(undefined);
  }

  /** All that came was read. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }
  /** The application has read the peer's end. */
  get isEndRead(): boolean {
    return this.#endRead;
  }

  /** Nothing follows: the peer's end, or an error. Only the first counts: what comes after an authentic end cannot take it back. */
  end(error?: Ending): void {
    if (this.#end) return;
    this.#end = { ...(error && { error }) };
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) this.#tellEnd(error).then(reader.resolve, reader.reject);
    else if (!error && this.#dropping) this.#onEndRead();
  }

  /** The application wants no more: what waits and what comes is dropped. */
  drop(): void {
    this.#dropping = true;
    this.#queue = undefined;
    this.#bytes = 0;
    if (this.#end && !this.#end.error && !this.#endRead) this.#onEndRead();
    this.#goOn();
  }

  /** This side has closed: a read must not take what is dropped for the peer's end, unless that was read before. A failure stays the end that it is. */
  stop(error: Ending): void {
    if (!this.#endRead && !this.#end?.error) {
      const reader = this.#reader;
      this.#reader = undefined;
      this.#end = { error };
      reader?.reject(error());
    }
    this.drop();
  }

  /** Whether a record of so many bytes may be worked off now. */
  admit(bytes: number): boolean {
    this.#blocked = this.#bytes > highWaterInbound && !this.#unlimited;
    if (this.#blocked) return false;
    if (receiveBudget.spent < turnBudget) {
      receiveBudget.spent += bytes + recordCost;
      return true;
    }
    this.#rest();
    return false;
  }

  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    receiveBudget.wait(() => {
      this.#resting = false;
      this.engine.work();
    }, this.#transport.nextTurn ?? nextTimerTurn);
  }

  /** There is room again. */
  #goOn(): void {
    if (this.#blocked && this.#bytes <= highWaterInbound) {
      this.#blocked = false;
      this.engine.work();
    }
    if (this.#paused) this.#steer();
  }

  /** The carrier brings no more. */
  carrierGone(): void {
    this.#unlimited = true;
  }

  /** Pauses the carrier while we hold enough; where it cannot pause, there is a limit. */
  #steer(): void {
    const held = this.#bytes + this.#backlog;
    if (held > highWaterInbound && !this.#paused) this.#paused = this.#transport.pause();
    else if (held <= highWaterInbound && this.#paused) {
      this.#paused = false;
      this.#transport.resume();
    }
    if (held > maxInbound)
      this.engine.abort(
        new TlsError(
          "internal_error",
          `more than ${maxInbound} bytes wait to be read, and this transport cannot be paused`,
          { code: "inbound_overflow", fault: "application", advice: "read faster, or let the peer wait for answers" },
        ),
      );
  }
}
