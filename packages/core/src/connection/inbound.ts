/**
 * Received data on its way to the application: the queue of bytes to read, and when the transport is paused. Only this
 * file pauses and resumes a transport.
 * @module
 */
import type { Bytes } from "../bytes/bytes.ts";
import { ByteQueue } from "../bytes/queue.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineInbound } from "../engine/options.ts";
import { TlsError, usageError } from "../errors.ts";
import { markHandled } from "../flow.ts";
import { highWaterInbound, itemOverhead, maxInboundBytes, recordCost, turnBudget } from "../limits.ts";
import type { Deferred } from "./deferred.ts";
import type { GetEndError } from "./endErrors.ts";
import type { Transport } from "./transport.ts";
import { nextTimerTurn, receiveBudget } from "./turnBudget.ts";

export class Inbound implements EngineInbound {
  readonly #transport: Transport;
  readonly #onEndRead: () => void;
  /** Set before any data arrives. */
  engine!: Pick<Engine, "processInput" | "abort">;
  /** Created when data first waits to be read: on most connections, a read waits for data instead. */
  #queue: ByteQueue | undefined;
  /** The number of bytes that wait to be read, with `itemOverhead` for each piece. */
  #bytes = 0;
  #backlog = 0;
  #pendingRead: Omit<Deferred<Bytes | undefined>, "promise"> | undefined;
  /** The end that a read sees once the queue is empty: the peer's close, or an error. */
  #end: { readonly error?: GetEndError } | undefined;
  #isEndRead = false;
  /** True once received data is discarded. */
  #isDiscarding = false;
  #isPaused = false;
  /** True while a record waits until the application reads. */
  #isWaitingForRoom = false;
  /** True while a record waits for the next turn of the event loop. */
  #isWaitingForTurn = false;
  /** The turn in which a record of this connection was last processed. */
  #turn = -1;
  /** True once the transport is gone. All data from it is then processed, even if the application does not read. */
  isTransportGone = false;

  /** @param onEndRead called when the application has read the peer's end */
  constructor(transport: Transport, onEndRead: () => void) {
    this.#transport = transport;
    this.#onEndRead = onEndRead;
  }

  /** Takes application data from the engine. */
  push(bytes: Uint8Array): void {
    if (this.#isDiscarding) return;
    const pendingRead = this.#pendingRead;
    if (pendingRead) {
      this.#pendingRead = undefined;
      return pendingRead.resolve(bytes as Bytes);
    }
    this.#bytes += bytes.length;
    this.#queue ??= new ByteQueue();
    if (!this.#queue.push(bytes)) this.#bytes += itemOverhead;
    if (this.#bytes > highWaterInbound) this.#updatePause();
  }

  setBacklog(bytes: number): void {
    this.#backlog = bytes;
    this.#updatePause();
  }

  /** See `TlsConnection.read`. */
  read(): Promise<Bytes | undefined> {
    if (this.#pendingRead) return markHandled(Promise.reject(usageError("a read is already pending")));
    const bytes = this.#bytes > 0 ? this.#queue?.shift() : undefined;
    if (bytes) {
      this.#bytes -= bytes.length + itemOverhead;
      this.#continueReading();
      return Promise.resolve(bytes as Bytes);
    }
    if (this.#end) return this.#deliverEnd(this.#end.error);
    const promise = new Promise<Bytes | undefined>((resolve, reject) => {
      // The application may ignore a read: its rejection must not end the process.
      this.#pendingRead = {
        resolve,
        reject(error) {
          void markHandled(promise);
          reject(error);
        },
      };
    });
    return promise;
  }

  #deliverEnd(error: GetEndError | undefined): Promise<undefined> {
    if (error) return markHandled(Promise.reject(error()));
    this.#isEndRead = true;
    this.#onEndRead();
    return Promise.resolve(undefined);
  }

  /** True if no received data waits to be read. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }
  /** True once the application has read the peer's end. */
  get isEndRead(): boolean {
    return this.#isEndRead;
  }

  /**
   * Ends the received data, cleanly or with an error. Only the first call counts: a later error does not undo an
   * authenticated end.
   */
  end(error?: GetEndError): void {
    if (this.#end) return;
    this.#end = { ...(error && { error }) };
    const pendingRead = this.#pendingRead;
    this.#pendingRead = undefined;
    if (pendingRead) this.#deliverEnd(error).then(pendingRead.resolve, pendingRead.reject);
    else if (!error && this.#isDiscarding) this.#onEndRead();
  }

  /** Discards the data that waits and all later data, because the application will not read it. */
  drop(): void {
    this.#isDiscarding = true;
    this.#queue = undefined;
    this.#bytes = 0;
    if (this.#end && !this.#end.error && !this.#isEndRead) this.#onEndRead();
    this.#continueReading();
  }

  /**
   * Discards data after `close` or `abort`. Reads then fail, because the discarded data must not look like the peer's
   * end. If the application has read the peer's end, or the connection failed before, later reads see that end.
   */
  stop(error: GetEndError): void {
    if (!this.#isEndRead && !this.#end?.error) {
      const pendingRead = this.#pendingRead;
      this.#pendingRead = undefined;
      this.#end = { error };
      pendingRead?.reject(error());
    }
    this.drop();
  }

  /** Returns whether a record of this many bytes may be processed now. */
  admit(bytes: number): boolean {
    this.#isWaitingForRoom = this.#bytes > highWaterInbound && !this.isTransportGone;
    if (this.#isWaitingForRoom) return false;
    const { spent, turn } = receiveBudget;
    // The first record of a connection in a turn does not wait for other connections, which may be a flood.
    if (spent < turnBudget || (this.#turn !== turn && !this.#isWaitingForTurn && spent < 2 * turnBudget)) {
      this.#turn = turn;
      receiveBudget.spent += bytes + recordCost;
      return true;
    }
    this.#waitForTurn();
    return false;
  }

  #waitForTurn(): void {
    if (this.#isWaitingForTurn) return;
    this.#isWaitingForTurn = true;
    receiveBudget.wait(() => {
      this.#isWaitingForTurn = false;
      this.engine.processInput();
    }, this.#transport.nextTurn ?? nextTimerTurn);
  }

  /** Continues after the queue has shrunk. */
  #continueReading(): void {
    if (this.#isWaitingForRoom && this.#bytes <= highWaterInbound) {
      this.#isWaitingForRoom = false;
      this.engine.processInput();
    }
    if (this.#isPaused) this.#updatePause();
  }

  /**
   * Pauses the transport while enough data is buffered. If the transport cannot pause, `maxInboundBytes` limits the
   * data.
   */
  #updatePause(): void {
    const buffered = this.#bytes + this.#backlog;
    if (buffered > highWaterInbound && !this.#isPaused) this.#isPaused = this.#transport.pause();
    else if (buffered <= highWaterInbound && this.#isPaused) {
      this.#isPaused = false;
      this.#transport.resume();
    }
    if (buffered > maxInboundBytes)
      this.engine.abort(
        new TlsError(
          "internal_error",
          `more than ${maxInboundBytes} bytes wait to be read, and this transport cannot be paused`,
          { code: "inbound_overflow", fault: "application", advice: "read faster, or let the peer wait for answers" },
        ),
      );
  }
}
