/**
 * The way out, behind the engine: the order of writes, when a writer waits, and how records are put into messages. The only place in core that paces what
 * is sent.
 * @module
 */
import { joinContiguous } from "../bytes/bytes.ts";
import type { Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../engine/options.ts";
import { usageError } from "../errors.ts";
import { ignore, markHandled } from "../flow.ts";
import { itemOverhead, maxFlush, maxFlushMessage, turnBudget } from "../limits.ts";
import { hostMemory, type Memory } from "../record/memory.ts";
import { type Deferred, deferred } from "./deferred.ts";
import type { Ending } from "./endings.ts";
import type { Transport } from "./transport.ts";
import { nextTimerTurn, sendBudget } from "./turnBudget.ts";

/** Of a write that need not wait; and for microtasks of our own, since `queueMicrotask` wraps each of them in Node, which takes ten times as long. */
const atOnce = Promise.resolve();

/** Microtasks from the end of one write to the next one of the same writer: three where it awaits them, some more through a pipe of streams. */
const patience = 12;

export class Outbound {
  readonly #transport: Transport;
  readonly #memory: Memory;
  readonly #engine: Engine;
  readonly #opened: Promise<unknown>;
  readonly #tell: (events: readonly EngineEvent[]) => void;
  readonly #gone: () => void;
  /** Why nothing more can be written: for writes from now on; and for those that wait too. */
  #refusal: Ending | undefined;
  #failure: Ending | undefined;

  #scheduled = false;
  /** Of the flush that is coming: what it has so far, and how many more microtasks it waits for more. */
  #gathered = 0;
  #patience = 0;

  /** The transport said so, and has not drained since. */
  #full = false;
  /** This turn of the event loop has sent enough. */
  #resting = false;
  #room: Deferred<void> | undefined;
  #writing: Promise<void> = atOnce;
  #waiting = 0;
  #moves = 0;
  #endsCarrier = false;

  /**
   * @param tell hears what the engine has to tell, behind what it had to send
   * @param gone hears that the transport takes nothing any more
   */
  constructor(
    transport: Transport,
    engine: Engine,
    opened: Promise<unknown>,
    tell: (events: readonly EngineEvent[]) => void,
    gone: () => void,
  ) {
    this.#transport = transport;
    this.#memory = transport.memory ?? hostMemory;
    this.#engine = engine;
    this.#opened = opened;
    this.#tell = tell;
    this.#gone = gone;
  }

  /** See `TlsConnection.write`. */
  write(bytes: Uint8Array): Promise<void> {
    // What JavaScript lets pass: text, an ArrayBuffer, a view of wider numbers.
    if ((bytes as Partial<Uint8Array> | undefined)?.BYTES_PER_ELEMENT !== 1)
      return markHandled(
        Promise.reject(usageError("write wants a Uint8Array; for text, what TextEncoder makes of it")),
      );
    if (this.#refusal) return markHandled(Promise.reject(this.#refusal()));
    // The usual case costs no promise of its own: nobody waits before us, and there is room.
    if (!this.#waiting && this.#hasRoom && this.#engine.phase === "open" && bytes.length <= maxFlush) {
      try {
        this.#put(bytes);
        return this.#hasRoom ? atOnce : markHandled(this.#waitForRoom());
      } catch (error) {
        return markHandled(Promise.reject(error));
      }
    }
    this.#waiting++;
    const done = this.#writing.then(() => this.#send(bytes)).finally(() => this.#waiting--);
    this.#writing = done.catch(ignore);
    return done;
  }

  /** All writes until now have settled. */
  get written(): Promise<void> {
    return this.#writing;
  }
  /** What a writer waits for, where one does. */
  get busy(): Promise<void> | undefined {
    return this.#waiting ? this.#writing : this.#room?.promise;
  }
  /** How often something was written, or room was made for more. */
  get moves(): number {
    return this.#moves;
  }

  /**
   * The carrier's side ends once close_notify is out: many a peer waits for that end before it says its own. `closeWrite`
   * does not ask for it: without allowHalfOpen, a peer takes it for our leaving.
   */
  endBehindClose(): void {
    this.#endsCarrier = true;
  }

  /** Nothing more is written from now on. */
  refuse(ending: Ending): void {
    this.#refusal ??= ending;
  }

  /** The writes that wait fail too. */
  fail(ending: Ending): void {
    this.#failure ??= ending;
    this.refuse(ending);
    this.#makeRoom();
  }

  /** The transport has room again. */
  drain(): void {
    this.#full = false;
    this.#moves++;
    this.#makeRoom();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    if (this.#engine.phase === "handshake") await this.#opened;
    if (this.#engine.phase === "closed") await this.#waitForRoom();
    for (let at = 0; at < bytes.length; at += maxFlush) {
      this.#put(bytes.subarray(at, at + maxFlush));
      if (!this.#hasRoom) await this.#waitForRoom();
      this.#throwFailure();
    }
  }

  #put(bytes: Uint8Array): void {
    this.#engine.write(bytes);
    this.#moves++;
    // A write costs time beside that of its bytes: of the smallest, millions would come before as many bytes.
    sendBudget.spent += itemOverhead;
    this.schedule();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure();
  }

  /** The transport takes more, and no whole message of ours waits for it, or for being sealed. */
  get #hasRoom(): boolean {
    return !this.#full && !this.#resting && this.#engine.pendingOut < maxFlush;
  }

  #waitForRoom(): Promise<void> {
    this.#room ??= deferred();
    return this.#room.promise.then(() => this.#throwFailure());
  }

  #makeRoom(): void {
    // Of a connection that is over, a writer hears by its failure.
    if (!this.#failure && (this.#engine.phase === "closed" || !this.#hasRoom)) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** What is ready goes out at the end of this turn's microtasks, or once there is a whole message. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
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
    this.#scheduled = false;
    this.#flush();
  };

  /** Everything that is ready in one turn goes out together. */
  #flush(): void {
    const { output, events } = this.#engine.take();
    for (const message of messages(output, this.#memory)) {
      sendBudget.spent += message.length;
      const result = this.#transport.send(message);
      if (result === "full") this.#full = true;
      else if (result === "gone") {
        this.#gone();
        break;
      }
    }
    if (output.length && sendBudget.spent >= turnBudget) this.#rest();
    this.#makeRoom();
    this.#tell(events);
    if (!this.#endsCarrier || !this.#engine.saidClose || this.#engine.phase === "closed") return;
    this.#endsCarrier = false;
    this.#transport.closeWrite?.();
  }

  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    sendBudget.wait(() => {
      this.#resting = false;
      this.#makeRoom();
    }, this.#transport.nextTurn ?? nextTimerTurn);
  }
}

/** Records into messages, as few as the cap allows. Records that do not stand one behind the other are copied, and their memory goes back. */
function* messages(records: readonly Uint8Array[], memory: Memory): Generator<Uint8Array, void, void> {
  for (let from = 0, to = 0; from < records.length; from = to) {
    let length = (records[to++] as Uint8Array).length;
    for (; to < records.length; to++) {
      length += (records[to] as Uint8Array).length;
      if (length > maxFlushMessage) break;
    }
    const parts = records.slice(from, to);
    const message = joinContiguous(parts);
    if (message.buffer !== parts[0]?.buffer) for (const part of parts) memory.give(part);
    yield message;
  }
}
