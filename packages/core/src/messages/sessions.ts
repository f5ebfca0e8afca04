/**
 * The sessions that a server keeps, so that a client that lost its connection can continue.
 * @module
 */
import { equal } from "../bytes/bytes.ts";
import { clientKeyOf } from "../connection/clientKey.ts";
import type { TlsConnection } from "../connection/connection.ts";
import { maxKeptBytes, maxKeptSessions, maxOpenBytes, maxSessionQueue, sessionKeepTime } from "../limits.ts";
import { optionsOf } from "../validation/options.ts";
import { MessageSession } from "./session.ts";
import { lostClientError, memoryFullError } from "./sessionErrors.ts";

export interface MessageSessionsOptions {
  /** How long a session waits for its client, in milliseconds. Default 60,000. */
  readonly keep?: number;
  /**
   * The most sessions without a connection. Beyond that, the address with the most of them loses the one that has
   * waited longest. Default 1,000.
   */
  readonly maxWaiting?: number;
  /**
   * The most memory for messages of all sessions without a connection, in bytes. Beyond that, the address with the most
   * of it loses the sessions that have waited longest. Default 64 MiB.
   */
  readonly maxWaitingBytes?: number;
  /**
   * The most memory for messages of all sessions with a connection, in bytes. Beyond that, the address with the most of
   * it loses the session with the most, with `queue_full`. Default 256 MiB.
   */
  readonly maxOpenBytes?: number;
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
  readonly origin: Origin;
  timer?: unknown;
  isWaiting: boolean;
  /** The part of the waiting or open bytes that belongs to this session. */
  heldBytes: number;
}

/** The sessions that were begun from one address. */
interface Origin {
  readonly key: string;
  /** Those without a connection, in the order in which they lost it, and those with one. */
  readonly waiting: Set<Entry>;
  readonly open: Set<Entry>;
  waitingBytes: number;
  openBytes: number;
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
  readonly #maxOpenBytes: number;
  readonly #maxQueue: number;
  readonly #entries = new Map<string, Entry>();
  readonly #origins = new Map<string, Origin>();
  /** Those without a connection, in the order in which they lost it. */
  readonly #waiting = new Set<Entry>();
  #waitingBytes = 0;
  #openBytes = 0;
  #isClosed = false;

  /** @throws TlsError `configuration` */
  constructor(options: MessageSessionsOptions = {}) {
    const known = optionsOf(options, ["ms keep", "1~2147483647 maxWaiting maxWaitingBytes maxOpenBytes maxQueue"]);
    this.#keep = known.keep ?? sessionKeepTime;
    this.#maxWaiting = known.maxWaiting ?? maxKeptSessions;
    this.#maxWaitingBytes = known.maxWaitingBytes ?? maxKeptBytes;
    this.#maxOpenBytes = known.maxOpenBytes ?? maxOpenBytes;
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
      origin: this.#originOf(clientKeyOf(channel.remoteAddress)),
      isWaiting: false,
      heldBytes: 0,
      session: new MessageSession(channel, {
        maxQueue: this.#maxQueue,
        onLost: () => this.#startWaiting(entry),
        onHeld: () => this.#count(entry),
        onAttached: () => this.#stopWaiting(entry),
        onEnd: () => this.#forget(id, entry),
      }),
    };
    entry.origin.open.add(entry);
    this.#entries.set(id, entry);
    return entry.session;
  }

  #originOf(key: string): Origin {
    const origin = this.#origins.get(key) ?? {
      key,
      waiting: new Set(),
      open: new Set(),
      waitingBytes: 0,
      openBytes: 0,
    };
    this.#origins.set(key, origin);
    return origin;
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
    this.#move(entry, true);
    this.#count(entry);
  }

  #stopWaiting(entry: Entry): void {
    clearTimeout(entry.timer);
    if (!entry.isWaiting) return;
    this.#move(entry, false);
    this.#count(entry);
  }

  #forget(id: string, entry: Entry): void {
    clearTimeout(entry.timer);
    const { origin } = entry;
    this.#add(entry, -entry.heldBytes);
    for (const entries of [this.#waiting, origin.waiting, origin.open]) entries.delete(entry);
    this.#entries.delete(id);
    if (!origin.waiting.size && !origin.open.size) this.#origins.delete(origin.key);
  }

  #move(entry: Entry, isWaiting: boolean): void {
    const { origin } = entry;
    this.#add(entry, -entry.heldBytes);
    entry.isWaiting = isWaiting;
    for (const entries of [this.#waiting, origin.waiting, origin.open]) entries.delete(entry);
    if (isWaiting) {
      this.#waiting.add(entry);
      origin.waiting.add(entry);
    } else origin.open.add(entry);
  }

  #add(entry: Entry, bytes: number): void {
    const { origin } = entry;
    entry.heldBytes += bytes;
    if (entry.isWaiting) {
      this.#waitingBytes += bytes;
      origin.waitingBytes += bytes;
    } else {
      this.#openBytes += bytes;
      origin.openBytes += bytes;
    }
  }

  /** Counts what a session holds, and ends sessions until all keep to the limits. */
  #count(entry: Entry): void {
    if (entry.session.hasEnded) return;
    this.#add(entry, entry.session.heldBytes - entry.heldBytes);
    while (this.#waiting.size > this.#maxWaiting) this.#endLongest(({ waiting }) => waiting.size);
    while (this.#waitingBytes > this.#maxWaitingBytes) this.#endLongest(({ waitingBytes }) => waitingBytes);
    while (this.#openBytes > this.#maxOpenBytes) this.#endLargest();
  }

  /**
   * Ends the session that has waited longest, of the addresses that have the most. A client that begins many sessions
   * and leaves them loses its own, and not those of others.
   */
  #endLongest(amount: (origin: Origin) => number): void {
    const most = Math.max(...[...this.#origins.values()].map(amount));
    for (const { session, origin } of this.#waiting)
      if (amount(origin) === most) return session.fail(lostClientError());
  }

  #endLargest(): void {
    const origins = [...this.#origins.values()];
    const most = Math.max(...origins.map(({ openBytes }) => openBytes));
    const [first, ...others] = origins.find(({ openBytes }) => openBytes === most)?.open ?? [];
    const largest = others.reduce((a, b) => (b && a && b.heldBytes > a.heldBytes ? b : a), first);
    largest?.session.fail(memoryFullError(this.#maxOpenBytes));
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
