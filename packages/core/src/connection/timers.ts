import type { Engine } from "../engine/engine.ts";
import type { TlsError } from "../errors.ts";
import { endedGrace, sealTimeout, unreadGrace } from "../limits.ts";
import { closeTimedOut, handshakeTimedOut } from "./errors.ts";
import type { ConnectionOptions } from "./options.ts";
import type { Outbound } from "./outbound.ts";

/** The clocks of one connection: they bound each state that waits for the peer or for a provider. */
export class Timers {
  readonly #engine: Engine;
  readonly #outbound: Outbound;
  readonly #options: ConnectionOptions;
  readonly #isWanted: () => boolean;
  #handshake: unknown;
  #message: unknown;
  #close: unknown;
  #ended: unknown;
  #seal: unknown;

  /** @param isWanted whether somebody still has what the peer said, or is at work on an answer */
  constructor(engine: Engine, outbound: Outbound, options: ConnectionOptions, isWanted: () => boolean) {
    this.#isWanted = isWanted;
    this.#engine = engine;
    this.#outbound = outbound;
    this.#options = options;
    this.#handshake = this.#handshakeTimer("the handshake was not done");
  }

  /** The handshake is done. */
  established(): void {
    clearTimeout(this.#handshake);
    this.#handshake = undefined;
  }

  /** Starts and stops clocks after the engine has worked. */
  update(): void {
    const engine = this.#engine;
    if (!engine.midMessage) {
      clearTimeout(this.#message);
      this.#message = undefined;
    } else this.#message ??= this.#handshakeTimer("a handshake message was not whole");
    // The connection has ended, and the engine has not told it yet: records are still being sealed.
    if (engine.phase === "closed") this.#seal ??= setTimeout(() => engine.giveUp(), sealTimeout);
    else if (engine.receivedClose && !this.#options.allowHalfOpen) this.#ended ??= this.#closeOnceQuiet(0);
  }

  /** Says close_notify behind everything written, and bounds all of it. */
  close(): void {
    void this.#outbound.written.then(() => this.#engine.close());
    this.endWithin(() => closeTimedOut(this.#options.closeTimeout));
  }

  /** Ends the connection with this error if it is not over by the close timeout. */
  endWithin(error: () => TlsError): void {
    if (this.#engine.phase !== "closed")
      this.#close ??= setTimeout(() => this.#end(error()), this.#options.closeTimeout);
  }

  stop(): void {
    for (const timer of [this.#handshake, this.#message, this.#close, this.#ended, this.#seal]) clearTimeout(timer);
  }

  #handshakeTimer(what: string): unknown {
    const { handshakeTimeout } = this.#options;
    return setTimeout(() => this.#end(handshakeTimedOut(what, handshakeTimeout)), handshakeTimeout);
  }

  /** Ends the connection, and waits for no provider. */
  #end(error: TlsError): void {
    this.#engine.abort(error);
    this.#engine.giveUp();
  }

  /**
   * The peer has closed, and waits for our close_notify (RFC 5246 §7.2.1): it gets one though the application never reads the end, once all else was read and
   * nobody works on an answer. Where the carrier has ended too, the peer has gone, or reads what is written now and nothing more. A writer that waits, and for which
   * nothing moves, ends in a failure: close_notify behind a part of what it has to say would be a lie.
   * @param quiet milliseconds in which nothing has moved
   */
  #closeOnceQuiet(quiet: number): unknown {
    const { closeTimeout } = this.#options;
    const { moves } = this.#outbound;
    return setTimeout(() => {
      const { carrierEnded } = this.#engine;
      const isQuiet = this.#outbound.moves === moves && (carrierEnded || !this.#isWanted());
      const time = isQuiet ? quiet + endedGrace : 0;
      if (!time || (!carrierEnded && time < unreadGrace)) this.#ended = this.#closeOnceQuiet(time);
      else if (!this.#outbound.busy) this.close();
      else if (time >= closeTimeout) this.#end(closeTimedOut(closeTimeout));
      else this.#ended = this.#closeOnceQuiet(time);
    }, endedGrace);
  }
}
