/**
 * Session stores and sources of ticket keys, with a time limit. If a store or source does not answer in time, the
 * handshake goes on without the session or the key.
 * @module
 */
import { type Awaitable, isPromise } from "../flow.ts";
import type { ClientSessions } from "../handshake/config.ts";
import { makeSessionKeeper } from "../handshake/resumption/client.ts";
import type { SessionStore } from "../handshake/resumption/store.ts";
import { itemOverhead, maxStoreBytes, storeTimeout, sweepInterval } from "../limits.ts";
import { optionsOf, wrongOption } from "../validation/options.ts";
import { timeOf } from "./clock.ts";

/**
 * A session store in memory. It evicts the least recently used session when it is full, and deletes expired sessions.
 * @example
 * const sessions = keepSessions({ store: memoryStore({ maxBytes: 65_536 }) });
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxBytes = maxStoreBytes, now = Date.now } = optionsOf(options, memoryStoreOptions);
  /** The sessions, in the order of their last use. */
  const entries = new Map<string, { readonly session: Uint8Array; readonly expires: number }>();
  let totalBytes = 0;
  let lastSweep = timeOf(now);
  const drop = (key: string): void => {
    totalBytes -= cost(entries.get(key)?.session);
    entries.delete(key);
  };
  /** Deletes expired sessions, because they could decrypt recorded connections. */
  const sweep = (): void => {
    const time = timeOf(now);
    if (Math.abs(time - lastSweep) < sweepInterval) return;
    lastSweep = time;
    for (const [key, { expires }] of entries) if (!(time < expires)) drop(key);
  };
  return {
    get(key) {
      sweep();
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      if (timeOf(now) < entry.expires) return entry.session;
      drop(key);
      return undefined;
    },
    set(key, session, expires) {
      sweep();
      drop(key);
      entries.set(key, { session, expires });
      totalBytes += cost(session);
      for (const oldest of entries.keys()) {
        if (totalBytes <= maxBytes) return;
        drop(oldest);
      }
    },
    delete: drop,
  };
}

export interface MemoryStoreOptions {
  /** The maximum size of all sessions in bytes, each counted with 256 bytes more. Default 4 MiB. */
  readonly maxBytes?: number;
  /** For tests: the clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** `maxBytes` is at most 2^53-1. */
const memoryStoreOptions = ["1~9007199254740991 maxBytes", "function now"];

const cost = (session: Uint8Array | undefined): number => (session ? session.length + itemOverhead : 0);

export interface KeepSessionsOptions {
  /** The store of the sessions. Default: a store in memory for this object alone. */
  readonly store?: SessionStore;
  /** Whether the client accepts tickets (RFC 5077) in addition to session IDs. Default true. */
  readonly tickets?: boolean;
}

const keepSessionsOptions = ["any store", "boolean tickets"];

/**
 * Keeps the sessions of a client's connections and resumes them: a reconnect then takes one round trip and no
 * public-key operation. A session is resumed only under the configuration that it was made with: name, scope, trust,
 * OCSP policy, client certificate, groups, schemes and max_fragment_length. Without the option `sessions`, every
 * handshake is a full one, and a server cannot link two connections of one client by their session.
 * @example
 * const sessions = keepSessions();
 * const first = await connect(url, { ca, sessions });
 * const second = await connect(url, { ca, sessions }); // second.session.resumed
 */
export function keepSessions(options: KeepSessionsOptions = {}): ClientSessions {
  const { store = memoryStore(), tickets = true } = optionsOf(options, keepSessionsOptions);
  return makeSessionKeeper(boundedStore(checkedStore(store, "store")), tickets);
}

/** The same store with a time limit, and without failures: a `get` that is late or fails returns `undefined`. */
export function boundedStore(store: SessionStore): SessionStore {
  const ignoreErrors = (act: () => Awaitable<void>): void => {
    try {
      const done = act();
      if (isPromise(done)) Promise.resolve(done).then(undefined, () => {});
    } catch {
      // The failure of a store must not end the connection.
    }
  };
  return {
    get: (key) => withinTime(() => store.get(key), undefined),
    set: (key, session, expires) => ignoreErrors(() => store.set(key, session, expires)),
    delete: (key) => ignoreErrors(() => store.delete(key)),
  };
}

/**
 * Calls a function of the application. Returns `fallback` if it throws, rejects or takes longer than `storeTimeout`.
 */
export function withinTime<T>(query: () => Awaitable<T>, fallback: T): Awaitable<T> {
  let pending: Promise<T>;
  try {
    const answer = query();
    if (!isPromise(answer)) return answer;
    // The `then` of `answer` may be the application's code too.
    pending = Promise.resolve(answer);
  } catch {
    return fallback;
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(fallback), storeTimeout);
    const finish = (value: T): void => {
      clearTimeout(timer);
      resolve(value);
    };
    pending.then(finish, () => finish(fallback));
  });
}

export function checkedStore(store: SessionStore, option: string): SessionStore {
  for (const method of ["get", "set", "delete"] as const)
    if (typeof store?.[method] !== "function")
      throw wrongOption(option, store, `an object with get, set and delete; ${method} is missing`);
  return store;
}
