/**
 * A link that opens a new channel when one is lost, or before its keys are used up, and continues the same session.
 * @module
 */
import { type Session, TlsError } from "@handclasp/core/client";
import { MessageSession } from "@handclasp/core/message-sessions";
import type { Answer } from "@handclasp/core/messages";
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

/** The codes with which a server leaves for a while (RFC 6455 §7.4.1, and IANA's registry). */
const leavingCodes: readonly number[] = [1001, 1012, 1013];

/** The options of {@link reconnect}. */
export interface ReconnectOptions {
  /** The delay before the second attempt, in milliseconds. Each further delay is twice as long. Default 250. */
  readonly minDelay?: number;
  /** The longest delay between two attempts, in milliseconds. Default 30,000. */
  readonly maxDelay?: number;
  /** The most bytes of messages that may wait until the server acknowledges them. Default 4 MiB. */
  readonly maxQueue?: number;
  /** The time without a byte from the server after which it gets a ping, in milliseconds. Default 25,000. */
  readonly pingInterval?: number;
  /** The time after which a server that does not answer is given up, in milliseconds. Default 10,000. */
  readonly pingTimeout?: number;
  /** The number of records after which a new channel replaces the old one. Default 2^24: the limit is 2^24.5. */
  readonly renewAfter?: number;
}

/**
 * Makes a socket open a new channel when one is lost, for its option `reconnect`. The server must keep sessions. Then no
 * message is lost or repeated, unless the server loses the session; the event `restarted` tells that.
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
  const hurry = (): void => dialer.hurry();
  events.signal.addEventListener("abort", stop, { once: true });
  if (events.signal.aborted) stop();
  listen("addEventListener", hurry);
  try {
    const dialed = await dialer.dial(0);
    return aborting(dialed, () => new ReconnectingLink(dialer, dialed, options, events));
  } finally {
    listen("removeEventListener", hurry);
    events.signal.removeEventListener("abort", stop);
  }
}

class ReconnectingLink implements Link {
  readonly #dialer: Dialer;
  readonly #options: Required<ReconnectOptions>;
  readonly #events: LinkEvents;
  readonly #session: MessageSession;
  readonly #liveness: Liveness;
  #openedAt = 0;
  #isRenewing = false;

  constructor(dialer: Dialer, { connection, answer }: Dialed, options: Required<ReconnectOptions>, events: LinkEvents) {
    const { received } = sessionOf(answer);
    this.#dialer = dialer;
    this.#options = options;
    this.#events = events;
    this.#session = new MessageSession(connection.channel, {
      maxQueue: options.maxQueue,
      onSent: events.onSent,
      onProgress: () => this.#renewIfWorn(),
      onLost: (reason) => void this.#reopen(reason),
      survives: (code) => leavingCodes.includes(code),
      onEnd: () => this.#end(),
    });
    this.#liveness = new Liveness(this.#session, options);
    listen("addEventListener", this.#onWake);
    events.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#session.attach({ connection, peerReceived: received, skip: 0 });
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
    this.#dialer.stop();
    void this.#session.close(code, reason);
  }
  abort(reason: TlsError = stoppedError()): void {
    this.#session.fail(reason);
  }

  readonly #onAbort = (): void => this.abort();

  async #reopen(reason: unknown): Promise<void> {
    this.#liveness.stop();
    if (Date.now() - this.#openedAt >= provenAfter) this.#dialer.resetDelays();
    this.#events.onInterrupted(reason);
    try {
      await this.#dialer.delay();
      const { received } = this.#session;
      this.#continue(await this.#dialer.dial(received), received);
    } catch (error) {
      this.#session.fail(TlsError.is(error) ? error : stoppedError());
    }
  }

  /** @param stated the number of messages that we told the server to have received */
  #continue(dialed: Dialed, stated: number): void {
    const { resumed, received } = aborting(dialed, () => sessionOf(dialed.answer));
    const unconfirmed = resumed ? [] : this.#session.restart();
    const skip = resumed ? this.#session.received - stated : 0;
    this.#session.attach({ connection: dialed.connection, peerReceived: received, skip });
    if (this.#session.hasEnded) return;
    this.#opened();
    if (resumed) this.#events.onResumed();
    else this.#events.onRestarted(unconfirmed);
  }

  #opened(): void {
    this.#openedAt = Date.now();
    this.#liveness.watch();
  }

  /** Opens a new channel while the old one works, before the number of records reaches the limit of its keys. */
  #renewIfWorn(): void {
    const { channel, received, hasEnded } = this.#session;
    const { recordsSent, recordsReceived } = channel.traffic;
    if (Math.max(recordsSent, recordsReceived) < this.#options.renewAfter || this.#isRenewing || hasEnded) return;
    this.#isRenewing = true;
    this.#dialer
      .dialOnce(received)
      .then((dialed) => {
        this.#isRenewing = false;
        // If the old channel was lost meanwhile, another attempt is under way.
        if (channel !== this.#session.channel || this.#session.hasEnded) dialed.connection.channel.abort();
        else this.#continue(dialed, received);
      })
      .catch(() => setTimeout(() => (this.#isRenewing = false), renewPause));
  }

  /** The network is back, or the page is visible again: an attempt is worth while, or the channel may be dead. */
  readonly #onWake = (): void => {
    this.#dialer.hurry();
    this.#liveness.check();
  };

  #end(): void {
    listen("removeEventListener", this.#onWake);
    this.#events.signal.removeEventListener("abort", this.#onAbort);
    this.#liveness.stop();
    this.#dialer.stop();
  }
}

/** Listens to what may have changed the network. Node.js has no such events. */
function listen(method: "addEventListener" | "removeEventListener", onWake: () => void): void {
  globalThis[method]?.("online", onWake);
  globalThis.document?.[method]("visibilitychange", onWake);
}

/** Calls a function. If it throws, the channel is not needed. */
function aborting<T>({ connection }: Dialed, use: () => T): T {
  try {
    return use();
  } catch (error) {
    connection.channel.abort(error);
    throw error;
  }
}

function sessionOf({ session }: Answer): NonNullable<Answer["session"]> {
  if (session) return session;
  throw new TlsError(undefined, "the server keeps no message sessions, so no message could be continued", {
    code: "no_sessions",
    advice: "give acceptMessages the option sessions, or leave out reconnect",
  });
}
