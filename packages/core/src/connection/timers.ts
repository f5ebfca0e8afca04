import type { Engine } from "../engine/engine.ts";
import type { TlsError } from "../errors.ts";
import { endedGrace, sealTimeout } from "../limits.ts";
import { closeTimedOut, handshakeTimedOut } from "./errors.ts";
import type { ConnectionOptions } from "./options.ts";
import type { Outbound } from "./outbound.ts";

/** The clocks of one connection: they bound each state that waits for the peer or for a provider. */
export class Timers {
  readonly #engine: Engine;
  readonly #outbound: Outbound;
  readonly #options: ConnectionOptions;
  readonly #mayClose: () => boolean;
  #handshake: unknown;
  #message: unknown;
  #close: unknown;
  #ended: unknown;
  #seal: unknown;

  /** @param mayClose whether nothing but a write can still keep our side open once the peer has closed */
  constructor(engine: Engine, outbound: Outbound, options: ConnectionOptions, mayClose: () => boolean) {
    this.#engine = engine;
    this.#mayClose = mayClose;
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
    else if (engine.receivedClose && !this.#options.allowHalfOpen) this.#ended ??= this.#closeOnceQuiet();
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

  /** The peer has closed, and wants to hear that we do too (RFC 5246 §7.2.1). It may still read what we write. */
  #closeOnceQuiet(): unknown {
    const { writes } = this.#outbound;
    return setTimeout(() => {
      if (this.#outbound.writes !== writes || !this.#mayClose()) this.#ended = this.#closeOnceQuiet();
      else this.close();
    }, endedGrace);
  }
}
