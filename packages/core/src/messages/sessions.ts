/**
 * The sessions that a server keeps, so that a client that lost its connection can continue.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { maxKeptBytes, maxKeptSessions, maxSessionQueue, sessionKeepTime } from "../limits.ts";
import { optionsOf } from "../validation/options.ts";
import { MessageSession } from "./session.ts";
import { lostClientError } from "./sessionErrors.ts";

export interface MessageSessionsOptions {
  /** How long a session waits for its client, in milliseconds. Default 60,000. */
  readonly keep?: number;
  /** The most sessions without a connection. The one that has waited longest ends. Default 1,000. */
  readonly maxWaiting?: number;
  /**
   * The most memory for messages of all sessions without a connection, in bytes. The sessions that have waited longest
   * end. Default 64 MiB.
   */
  readonly maxWaitingBytes?: number;
  /**
   * A session ends with `queue_full` when the server sends a message while messages of this many bytes wait for the
   * client to acknowledge them, each counted with 256 bytes more. A sender that awaits each `send` waits before.
   * Default 4 MiB.
   */
  readonly maxQueue?: number;
}

interface Entry {
  readonly session: MessageSession;
  readonly client: Client;
  timer?: unknown;
  /** The part of `#waitingBytes` that belongs to this session. */
  heldBytes: number;
}

/** The client that began a session, as the handshake identifies it. */
interface Client {
  readonly certificate: Uint8Array | undefined;
  readonly pskIdentity: string | undefined;
  /** The path that it asked for and the protocol that it got: `allow` decided about them, so they cannot change. */
  readonly path: string;
  readonly protocol: string;
}

/**
 * The message sessions of a server. Give it to each `acceptMessages` of the server.
 * @example
 * const sessions = new MessageSessions({ keep: 120_000 });
 */
export class MessageSessions {
  readonly #keep: number;
  readonly #maxWaiting: number;
  readonly #maxWaitingBytes: number;
  readonly #maxQueue: number;
  readonly #entries = new Map<string, Entry>();
  /** Those without a connection, in the order in which they lost it. */
  readonly #waiting = new Set<Entry>();
  #waitingBytes = 0;
  #isClosed = false;

  /** @throws TlsError `configuration` */
  constructor(options: MessageSessionsOptions = {}) {
    const known = optionsOf(options, ["ms keep", "1~2147483647 maxWaiting maxWaitingBytes maxQueue"]);
    this.#keep = known.keep ?? sessionKeepTime;
    this.#maxWaiting = known.maxWaiting ?? maxKeptSessions;
    this.#maxWaitingBytes = known.maxWaitingBytes ?? maxKeptBytes;
    this.#maxQueue = known.maxQueue ?? maxSessionQueue;
  }

  /** The number of sessions, with or without a connection. */
  get size(): number {
    return this.#entries.size;
  }

  /** The session with this ID. `"foreign"` if another client began it, or if it began with another path or protocol. */
  find(id: string, channel: TlsConnection, path: string, protocol: string): MessageSession | "foreign" | undefined {
    const entry = this.#entries.get(id);
    return entry && (isSame(entry.client, clientOf(channel, path, protocol)) ? entry.session : "foreign");
  }

  /** Begins a session with a new ID. */
  begin(id: string, channel: TlsConnection, path: string, protocol: string): MessageSession {
    const entry: Entry = {
      client: clientOf(channel, path, protocol),
      heldBytes: 0,
      session: new MessageSession(channel, {
        maxQueue: this.#maxQueue,
        onLost: () => this.#startWaiting(entry),
        onHeld: () => this.#limit(entry),
        onAttached: () => this.#stopWaiting(entry),
        onEnd: () => {
          this.#stopWaiting(entry);
          this.#entries.delete(id);
        },
      }),
    };
    this.#entries.set(id, entry);
    return entry.session;
  }

  /**
   * Ends all sessions that have no connection with `session_lost`, and from now on each that loses its connection.
   * Call it before the server's `close`, which waits for the handlers.
   */
  close(): void {
    this.#isClosed = true;
    for (const { session } of this.#waiting) session.fail(lostClientError());
  }

  #startWaiting(entry: Entry): void {
    const end = (): void => entry.session.fail(lostClientError());
    if (this.#isClosed) return end();
    const timer = setTimeout(end, this.#keep);
    // A program of Node.js may end meanwhile.
    (timer as { unref?: () => void }).unref?.();
    entry.timer = timer;
    this.#waiting.add(entry);
    this.#limit(entry);
  }

  /** Ends the sessions that have waited longest, until those that wait keep to the limits. */
  #limit(changed: Entry): void {
    if (!this.#waiting.has(changed)) return;
    this.#waitingBytes += changed.session.heldBytes - changed.heldBytes;
    changed.heldBytes = changed.session.heldBytes;
    for (const { session } of this.#waiting) {
      if (this.#waiting.size <= this.#maxWaiting && this.#waitingBytes <= this.#maxWaitingBytes) return;
      session.fail(lostClientError());
    }
  }

  #stopWaiting(entry: Entry): void {
    clearTimeout(entry.timer);
    if (!this.#waiting.delete(entry)) return;
    this.#waitingBytes -= entry.heldBytes;
    entry.heldBytes = 0;
  }
}

const clientOf = ({ session: { peer, pskIdentity } }: TlsConnection, path: string, protocol: string): Client => ({
  certificate: peer?.certificate.raw,
  pskIdentity,
  path,
  protocol,
});

/** An ID cannot be guessed. Yet a client with a certificate or a pre-shared key must come with the same one. */
const isSame = (before: Client, now: Client): boolean =>
  before.path === now.path &&
  before.protocol === now.protocol &&
  before.pskIdentity === now.pskIdentity &&
  (before.certificate && now.certificate
    ? equal(before.certificate, now.certificate)
    : before.certificate === now.certificate);
