/**
 * A link that opens a new channel when one is lost, or before its keys are used up, and continues the same session.
 * @module
 */
import { type Session, TlsError } from "@handclasp/core/client";
import { MessageSession } from "@handclasp/core/message-sessions";
import type { MessageConnection } from "@handclasp/core/messages";
import { optionsOf } from "@handclasp/core/unstable";

import { Dialer, stoppedError } from "./dialer.ts";
import type { Dial, Dialed, Link, LinkEnd, LinkEvents, Reconnect } from "./link.ts";
import { Liveness } from "./liveness.ts";

const reconnectRows: readonly string[] = [
  "ms minDelay maxDelay pingInterval pingTimeout",
  "1~2147483647 maxQueue renewAfter",
];

const defaults = {
  minDelay: 250,
  maxDelay: 30_000,
  maxQueue: 2 ** 22,
  // Proxies cut idle connections after a minute or less.
  pingInterval: 25_000,
  pingTimeout: 10_000,
  renewAfter: 2 ** 24,
};

/** A channel that lived this long, in milliseconds, proves that the server accepts us: the delays begin anew. */
const provenAfter = 5_000;
/** The pause after an attempt to renew the channel has failed, in milliseconds. */
const renewPause = 30_000;

/** The code with which we leave a server that has begun a session for us that we do not need. */
const goingAway = 1001;
/** The codes with which a server leaves for a while (RFC 6455 §7.4.1, and IANA's registry). */
const leavingCodes: readonly number[] = [1001, 1012, 1013];

/** The options of {@link reconnect}. */
export interface ReconnectOptions {
  /**
   * The longest delay before the first attempt after a loss, in milliseconds. Each further delay is twice as long, and
   * each is shortened at random by up to half. Default 250.
   */
  readonly minDelay?: number;
  /** The longest delay between two attempts, in milliseconds. Default 30,000. */
  readonly maxDelay?: number;
  /**
   * The socket ends when a message is sent while messages of this many bytes wait for the server to acknowledge them,
   * each counted with 256 bytes more. Default 4 MiB.
   */
  readonly maxQueue?: number;
  /** The time without a byte from the server after which it gets a ping, in milliseconds. Default 25,000. */
  readonly pingInterval?: number;
  /** The time after which a server that does not answer is given up, in milliseconds. Default 10,000. */
  readonly pingTimeout?: number;
  /** The number of records after which a new channel replaces the old one. Default 2^24: the limit is 2^24.5. */
  readonly renewAfter?: number;
}

/**
 * Makes a socket open a new channel when one is lost, for its option `reconnect`. The server must keep sessions. Then
 * no message is lost or repeated, unless the server loses the session; the event `restarted` tells that
 * (docs/reconnect.md).
 * @throws TlsError `configuration`
 * @example
 * const socket = new SecureWebSocket("wss://chat.example/", { ca: pem, reconnect: reconnect() });
 */
export function reconnect(options: ReconnectOptions = {}): Reconnect {
  const known = { ...defaults, ...optionsOf(options, reconnectRows, "reconnect.") };
  return { open: (dial, events) => openReconnectingLink(dial, known, events) };
}

/** Opens the first channel. Attempts go on while the transport fails. Rejects with any other error. */
async function openReconnectingLink(
  dial: Dial,
  options: Required<ReconnectOptions>,
  events: LinkEvents,
): Promise<Link> {
  const dialer = new Dialer(dial, options, events.onInterrupted);
  const stop = (): void => dialer.stop();
  events.signal.addEventListener("abort", stop, { once: true });
  if (events.signal.aborted) stop();
  const unwatch = watchHost(() => dialer.hurry());
  try {
    const dialed = await dialer.dial(() => ({ received: 0 }));
    const { connection, answer } = dialed;
    if (answer.session) return new ReconnectingLink(dialer, connection, answer.session.received, options, events);
    connection.channel.abort();
    throw noSessionsError();
  } finally {
    unwatch();
    events.signal.removeEventListener("abort", stop);
  }
}

class ReconnectingLink implements Link {
  readonly #dialer: Dialer;
  readonly #options: Required<ReconnectOptions>;
  readonly #events: LinkEvents;
  readonly #session: MessageSession;
  readonly #liveness: Liveness;
  readonly #unwatch: () => void;
  #openedAt = 0;
  /** True while a new channel is being opened. Two at the same time could overtake each other. */
  #isDialing = false;
  /** Why the old channel was lost while a new one is being opened. */
  #lossReason: TlsError | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param peerReceived 0 from an honest server: it has none of our messages yet */
  constructor(
    dialer: Dialer,
    connection: MessageConnection,
    peerReceived: number,
    options: Required<ReconnectOptions>,
    events: LinkEvents,
  ) {
    this.#dialer = dialer;
    this.#options = options;
    this.#events = events;
    this.#session = new MessageSession(connection.channel, {
      maxQueue: options.maxQueue,
      onSent: events.onSent,
      onProgress: () => this.#renewIfWorn(),
      onLost: (reason) => this.#onLost(reason),
      survives: (code) => leavingCodes.includes(code),
      onEnd: () => this.#end(),
    });
    this.#liveness = new Liveness(this.#session, options);
    // An attempt is worth while, or the channel may be dead.
    this.#unwatch = watchHost(() => {
      dialer.hurry();
      this.#liveness.check();
    });
    events.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#session.attach({ connection, peerReceived, skip: 0 });
    this.#opened();
  }

  get session(): Session {
    return this.#session.channel.session;
  }
  get protocol(): string {
    return this.#session.protocol;
  }
  get waitingBytes(): number {
    return this.#session.waitingBytes;
  }
  get closed(): Promise<LinkEnd> {
    return this.#session.closed;
  }
  read(): Promise<string | Uint8Array | undefined> {
    return this.#session.read();
  }
  send(message: string | Uint8Array): Promise<void> {
    return this.#session.send(message);
  }
  close(code: number | undefined, reason: string): void {
    this.#liveness.stop();
    void this.#session.close(code, reason);
    this.#dialer.hurry();
  }
  abort(reason: TlsError = stoppedError()): void {
    this.#session.fail(reason);
  }

  readonly #getState = (): { readonly received: number; readonly closing?: true } => ({
    received: this.#session.received,
    ...(this.#session.isClosing && { closing: true }),
  });

  readonly #onAbort = (): void => this.abort();

  #onLost(reason: TlsError): void {
    this.#liveness.stop();
    if (Date.now() - this.#openedAt >= provenAfter) this.#dialer.resetDelays();
    // The server closes the old channel when it has the new one.
    if (this.#isDialing) this.#lossReason = reason;
    else this.#interrupted(reason);
  }

  #interrupted(reason: TlsError): void {
    this.#events.onInterrupted(reason);
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#isDialing = true;
    try {
      await this.#dialer.delay();
      const dialed = await this.#dialer.dial(this.#getState);
      this.#isDialing = false;
      this.#continue(dialed);
    } catch (error) {
      this.#fail(this.#session.isClosing ? lostSessionError(error) : error);
    }
  }

  #fail(error: unknown): void {
    this.#session.fail(TlsError.is(error) ? error : stoppedError());
  }

  /** Opens a new channel while the old one works, before the number of records reaches the limit of its keys. */
  #renewIfWorn(): void {
    const { channel, isInterrupted, isClosing, hasEnded } = this.#session;
    if (this.#isDialing || this.#renewTimer || isInterrupted || isClosing || hasEnded) return;
    const { recordsSent, recordsReceived } = channel.traffic;
    if (Math.max(recordsSent, recordsReceived) >= this.#options.renewAfter) void this.#renew();
  }

  async #renew(): Promise<void> {
    this.#isDialing = true;
    const [outcome] = await Promise.allSettled([this.#dialer.dialOnce(this.#getState())]);
    this.#isDialing = false;
    const { isInterrupted, hasEnded } = this.#session;
    if (outcome.status === "fulfilled") {
      const dialed = outcome.value;
      // Another server process may have answered. As long as the old channel works, no message need be lost.
      if (isInterrupted || dialed.answer.session?.resumed) return this.#continue(dialed);
      void dialed.connection.close(goingAway);
    }
    if (hasEnded) return;
    if (this.#lossReason) return this.#interrupted(this.#lossReason);
    this.#renewTimer = setTimeout(() => {
      this.#renewTimer = undefined;
    }, renewPause);
  }

  #continue({ connection, answer }: Dialed): void {
    const { session } = answer;
    if (!session) {
      connection.channel.abort();
      return this.#fail(noSessionsError());
    }
    const { resumed, received, from } = session;
    if (!resumed && this.#session.isClosing) {
      void connection.close(goingAway);
      return this.#fail(lostSessionError());
    }
    const unconfirmed = resumed ? [] : this.#session.restart();
    const skip = resumed ? this.#session.received - from : 0;
    this.#session.attach({ connection, peerReceived: received, skip });
    if (this.#session.hasEnded) return;
    this.#opened();
    if (resumed) this.#events.onResumed();
    else this.#events.onRestarted(unconfirmed);
  }

  #opened(): void {
    this.#openedAt = Date.now();
    this.#lossReason = undefined;
    if (!this.#session.isClosing) this.#liveness.watch();
  }

  #end(): void {
    this.#unwatch();
    this.#events.signal.removeEventListener("abort", this.#onAbort);
    this.#liveness.stop();
    clearTimeout(this.#renewTimer);
    this.#dialer.stop();
  }
}

/** Calls back when the network or the page may have come back. Node.js has no such events. Returns how to stop that. */
function watchHost(onWake: () => void): () => void {
  const { document } = globalThis;
  const onVisible = (): void => {
    if (document.visibilityState === "visible") onWake();
  };
  globalThis.addEventListener?.("online", onWake);
  document?.addEventListener("visibilitychange", onVisible);
  return () => {
    globalThis.removeEventListener?.("online", onWake);
    document?.removeEventListener("visibilitychange", onVisible);
  };
}

const noSessionsError = (): TlsError =>
  new TlsError(undefined, "the server keeps no message sessions, so no message could be continued", {
    code: "no_sessions",
    advice: "use createWebSocketServer, give acceptMessages the option sessions, or leave out reconnect",
  });

const lostSessionError = (cause?: unknown): TlsError =>
  new TlsError(undefined, "the connection was lost while the socket closed, and no other could close the session", {
    code: "session_lost",
    cause,
  });
