import type { Engine } from "../engine/engine.ts";
import type { TlsError } from "../errors.ts";
import { idleCheckInterval, sealTimeout, unansweredCloseGrace } from "../limits.ts";
import { closeTimeoutError, handshakeTimeoutError } from "./errors.ts";
import type { ConnectionOptions } from "./options.ts";
import type { Outbound } from "./outbound.ts";

/** The timers of one connection. They limit the handshake, an incomplete later message, the close and sealing. */
export class Timers {
  readonly #engine: Engine;
  readonly #outbound: Outbound;
  readonly #options: ConnectionOptions;
  readonly #isAppBusy: () => boolean;
  #handshakeTimer: unknown;
  #handshakeMessageTimer: unknown;
  #closeTimer: unknown;
  #peerClosedTimer: unknown;
  #sealTimer: unknown;

  /** @param isAppBusy returns whether the application has unread data or works on an answer */
  constructor(engine: Engine, outbound: Outbound, options: ConnectionOptions, isAppBusy: () => boolean) {
    this.#isAppBusy = isAppBusy;
    this.#engine = engine;
    this.#outbound = outbound;
    this.#options = options;
    this.#handshakeTimer = this.#startHandshakeTimer("the handshake was not done");
  }

  /** Stops the handshake timer. */
  established(): void {
    clearTimeout(this.#handshakeTimer);
    this.#handshakeTimer = undefined;
  }

  /** Starts and stops timers, by the new state of the engine. */
  update(): void {
    const engine = this.#engine;
    if (!engine.isMidMessage) {
      clearTimeout(this.#handshakeMessageTimer);
      this.#handshakeMessageTimer = undefined;
    } else this.#handshakeMessageTimer ??= this.#startHandshakeTimer("a handshake message was not complete");
    // The connection has ended, but records are still being sealed, so the engine has not emitted "closed" yet.
    if (engine.phase === "closed") this.#sealTimer ??= setTimeout(() => engine.dropUnsealed(), sealTimeout);
    else if (engine.receivedClose && !this.#options.allowHalfOpen) this.#peerClosedTimer ??= this.#closeIfEndUnread(0);
  }

  /**
   * Sends close_notify after everything written. Ends the connection if that and the peer's answer take longer than the
   * close timeout.
   */
  closeAfterWrites(): void {
    void this.#outbound.written.then(() => this.#engine.close());
    this.abortAfterTimeout(() => closeTimeoutError(this.#options.closeTimeout));
  }

  /** Ends the connection with this error unless it ends before the close timeout. */
  abortAfterTimeout(error: () => TlsError): void {
    if (this.#engine.phase !== "closed")
      this.#closeTimer ??= setTimeout(() => this.#abort(error()), this.#options.closeTimeout);
  }

  stop(): void {
    for (const timer of [
      this.#handshakeTimer,
      this.#handshakeMessageTimer,
      this.#closeTimer,
      this.#peerClosedTimer,
      this.#sealTimer,
    ])
      clearTimeout(timer);
  }

  #startHandshakeTimer(what: string): unknown {
    const { handshakeTimeout } = this.#options;
    return setTimeout(() => this.#abort(handshakeTimeoutError(what, handshakeTimeout)), handshakeTimeout);
  }

  /** Ends the connection without waiting for a provider. */
  #abort(error: TlsError): void {
    this.#engine.abort(error);
    this.#engine.dropUnsealed();
  }

  /**
   * Called when the peer has closed and waits for our close_notify (RFC 5246 §7.2.1). The peer gets it even if the
   * application never reads the end: after `unansweredCloseGrace` without a write, if the application has read all data
   * and does not work on an answer. If the transport has ended too, the peer is gone or only reads, so
   * `idleCheckInterval` without a write is enough. If a writer waits without progress, the connection fails, because
   * close_notify after a part of the data would claim that the data is complete.
   * @param idleTime milliseconds without progress
   */
  #closeIfEndUnread(idleTime: number): unknown {
    const { closeTimeout } = this.#options;
    const { progress } = this.#outbound;
    return setTimeout(() => {
      const { transportEnded } = this.#engine;
      const isIdle = this.#outbound.progress === progress && (transportEnded || !this.#isAppBusy());
      const idle = isIdle ? idleTime + idleCheckInterval : 0;
      if (!idle || (!transportEnded && idle < unansweredCloseGrace))
        this.#peerClosedTimer = this.#closeIfEndUnread(idle);
      else if (!this.#outbound.pendingWrites) this.closeAfterWrites();
      else if (idle >= closeTimeout) this.#abort(closeTimeoutError(closeTimeout));
      else this.#peerClosedTimer = this.#closeIfEndUnread(idle);
    }, idleCheckInterval);
  }
}
