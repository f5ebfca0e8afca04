/**
 * Where sessions are kept, and the keys of tickets, with the host's clock: what does not answer in time has nothing.
 * @module
 */
import { type Awaitable, isPromise } from "../flow.ts";
import type { ClientSessions } from "../handshake/config.ts";
import { sessionsIn } from "../handshake/resumption/client.ts";
import type { SessionStore } from "../handshake/resumption/store.ts";
import { itemOverhead, maxStoreBytes, storeTimeout, sweepInterval } from "../limits.ts";
import { optionsOf, wrongOption } from "../validation/options.ts";

/**
 * A store in memory: what was used least recently makes room, and what is over is forgotten.
 * @example
 * const sessions = keepSessions({ store: memoryStore({ maxBytes: 65_536 }) });
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const { maxBytes = maxStoreBytes, now = Date.now } = optionsOf(options, memoryStoreOptions);
  /** In the order of their last use. */
  const kept = new Map<string, { readonly session: Uint8Array; readonly expires: number }>();
  let held = 0;
  let swept = now();
  const drop = (key: string): void => {
    held -= cost(kept.get(key)?.session);
    kept.delete(key);
  };
  /** Nobody may ask for it any more, and what was recorded could be read with it. */
  const sweep = (): void => {
    const time = now();
    if (Math.abs(time - swept) < sweepInterval) return;
    swept = time;
    for (const [key, { expires }] of kept) if (expires <= time) drop(key);
  };
  return {
    get(key) {
      sweep();
      const entry = kept.get(key);
      if (!entry) return undefined;
      kept.delete(key);
      kept.set(key, entry);
      if (now() < entry.expires) return entry.session;
      drop(key);
      return undefined;
    },
    set(key, session, expires) {
      sweep();
      drop(key);
      kept.set(key, { session, expires });
      held += cost(session);
      for (const oldest of kept.keys()) {
        if (held <= maxBytes) return;
        drop(oldest);
      }
    },
    delete: drop,
  };
}

export interface MemoryStoreOptions {
  /** Of all sessions together, each counted with 256 bytes more. Default 4 MiB. */
  readonly maxBytes?: number;
  /** For tests: the clock in milliseconds. */
  readonly now?: () => number;
}

/** Up to 2^53-1 bytes. */
const memoryStoreOptions = ["1~9007199254740991 maxBytes", "function now"];

const cost = (session: Uint8Array | undefined): number => (session ? session.length + itemOverhead : 0);

export interface KeepSessionsOptions {
  /** Where they are kept. Default: a store in memory of this object's own. */
  readonly store?: SessionStore;
  /** Take tickets (RFC 5077) too, not only session IDs. Default true. */
  readonly tickets?: boolean;
}

const keepSessionsOptions = ["any store", "boolean tickets"];

/**
 * Keeps the sessions of a client's connections, and resumes them: a reconnect then takes one round trip and no
 * public-key operation. A session is resumed only under the very configuration that it was made with: name, trust, own
 * certificate, groups, schemes and protocols. Without it, every connection shakes hands in full, and a server cannot
 * tell by a session that two of them come from one client.
 * @example
 * const sessions = keepSessions();
 * const first = await connect(url, { ca, sessions });
 * const second = await connect(url, { ca, sessions }); // second.session.resumed
 */
export function keepSessions(options: KeepSessionsOptions = {}): ClientSessions {
  const { store = memoryStore(), tickets = true } = optionsOf(options, keepSessionsOptions);
  return sessionsIn(boundedStore(checkedStore(store, "store")), tickets);
}

/** The same store, which now answers within its time and never fails: what it has not told by then it does not have. */
export function boundedStore(store: SessionStore): SessionStore {
  const quietly = (act: () => Awaitable<void>): void => {
    try {
      const done = act();
      if (isPromise(done)) Promise.resolve(done).then(undefined, () => {});
    } catch {
      // A store that fails keeps nothing.
    }
  };
  return {
    get: (key) => withinTime(() => store.get(key), undefined),
    set: (key, session, expires) => quietly(() => store.set(key, session, expires)),
    delete: (key) => quietly(() => store.delete(key)),
  };
}

/** What a function of the user's gives; `otherwise` where it throws, or takes too long. */
export function withinTime<T>(ask: () => Awaitable<T>, otherwise: T): Awaitable<T> {
  let promised: Promise<T>;
  try {
    const answer = ask();
    if (!isPromise(answer)) return answer;
    // Its `then` may be the user's as well.
    promised = Promise.resolve(answer);
  } catch {
    return otherwise;
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), storeTimeout);
    const settle = (value: T): void => {
      clearTimeout(timer);
      resolve(value);
    };
    promised.then(settle, () => settle(otherwise));
  });
}

export function checkedStore(store: SessionStore, option: string): SessionStore {
  for (const method of ["get", "set", "delete"] as const)
    if (typeof store?.[method] !== "function")
      throw wrongOption(option, store, `an object with get, set and delete, and it has no ${method}`);
  return store;
}
