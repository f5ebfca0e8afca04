/**
 * Tickets, RFC 5077: the server encrypts the state of a session for itself, and the client stores the ticket. A ticket
 * is `name || nonce || AES-256-GCM(state)`. The name identifies the server's key (RFC 5077 §4) and is the additional
 * data of the AEAD.
 * @module
 */
import { equal, wipe } from "../../bytes/bytes.ts";
import type { Aead, CryptoProvider, Random } from "../../crypto/provider.ts";
import { type Awaitable, callHook, type Flow, isPromise, waitFor } from "../../flow.ts";
import { maxTicketState } from "../../limits.ts";

const nameLength = 16;
const nonceLength = 12;
const tagLength = 16;
/** The length of a ticket key in bytes: its public name and then an AES-256 key. */
export const ticketKeyLength = 48;

/** A secret of zeros is no key, but a file that a crash left, or memory that was wiped (CVE-2020-13777). */
export const isTicketKey = (key: unknown): key is Uint8Array =>
  key instanceof Uint8Array && key.length === ticketKeyLength && key.subarray(nameLength).some((byte) => byte !== 0);

/** Returns the current keys. The first one encrypts, and all of them decrypt. */
export type TicketKeys = () => Awaitable<readonly Uint8Array[]>;

/** The state in a ticket, and whether the ticket's key no longer encrypts new tickets. */
export interface OpenedTicket {
  readonly state: Uint8Array;
  readonly oldKey: boolean;
}

/** Runs `task` once after `ms` milliseconds, or never if the runtime has no timer that lets the process end. */
export type ScheduleTask = (ms: number, task: () => void) => void;

/**
 * Random keys for one process. A key encrypts for a window of `lifetime` seconds and decrypts for one more window,
 * because its tickets live that long. A window begins when the one before it ends, even if no key is used then; if all
 * keys have expired, it begins at the next use. An expired key is wiped at the next use, or by a task that `schedule`
 * runs. `now` returns milliseconds.
 */
export function rotatingKeys(random: Random, now: () => number, lifetime: number, schedule: ScheduleTask): TicketKeys {
  interface WindowKey {
    readonly key: Uint8Array;
    readonly since: number;
  }
  const window = lifetime * 1000;
  /** At most two keys, the newest first. */
  let keys: readonly WindowKey[] = [];
  let isScheduled = false;
  // If the clock was set back to before `since`, the age of the key is unknown, so it counts as expired.
  const isExpired = ({ since }: WindowKey, time: number): boolean => !(time >= since && time < since + 2 * window);
  const wipeExpired = (time: number): void => {
    for (const entry of keys) if (isExpired(entry, time)) entry.key.fill(0);
    keys = keys.filter((entry) => !isExpired(entry, time));
    const oldest = keys.at(-1);
    if (!oldest || isScheduled) return;
    isScheduled = true;
    schedule(oldest.since + 2 * window - time, () => {
      isScheduled = false;
      let time = Number.NaN; // wipes every key if the clock fails
      try {
        time = now();
      } catch {}
      wipeExpired(time);
    });
  };
  return () => {
    const time = now();
    wipeExpired(time);
    const [newest] = keys;
    if (!newest || time >= newest.since + window) {
      keys = [{ key: random(ticketKeyLength), since: newest ? newest.since + window : time }, ...keys];
      wipeExpired(time);
    }
    return keys.map(({ key }) => key);
  };
}

/** Seals and opens the tickets of one server. */
export class Tickets {
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #keys: TicketKeys;
  /**
   * The AEAD contexts by the array of the key. Each entry has the digest of the key, because the user may overwrite the
   * array. A copy of the key would remain after the array is wiped.
   */
  readonly #contexts = new WeakMap<Uint8Array, { readonly digest: Uint8Array; readonly aead: Awaitable<Aead> }>();

  constructor(provider: CryptoProvider, random: Random, keys: TicketKeys) {
    this.#provider = provider;
    this.#random = random;
    this.#keys = keys;
  }

  /**
   * Returns an empty ticket if there is no key or the state is too large. The client then stores no ticket (RFC 5077
   * §3.3).
   */
  *seal(state: Uint8Array): Flow<Uint8Array> {
    const [key] = yield* this.#current();
    if (!key || state.length > maxTicketState) return new Uint8Array(0);
    const name = new Uint8Array(key.subarray(0, nameLength));
    const nonce = this.#random(nonceLength);
    const aead = yield* waitFor(this.#context(key));
    const ticket = new Uint8Array(nameLength + nonceLength + state.length + tagLength);
    ticket.set(name);
    ticket.set(nonce, nameLength);
    yield* waitFor(aead.seal(nonce, name, state, ticket.subarray(nameLength + nonceLength)));
    return ticket;
  }

  /**
   * Returns `undefined` for a ticket with an unknown or expired key, and for an altered one. The client sees no
   * difference between the cases.
   */
  *open(ticket: Uint8Array): Flow<OpenedTicket | undefined> {
    const keys = yield* this.#current();
    const name = ticket.subarray(0, nameLength);
    const key = keys.find((candidate) => equal(candidate.subarray(0, nameLength), name));
    if (!key || ticket.length < nameLength + nonceLength) return undefined;
    const aead = yield* waitFor(this.#context(key));
    const nonce = ticket.slice(nameLength, nameLength + nonceLength);
    const state = yield* waitFor(aead.open(nonce, name.slice(), ticket.slice(nameLength + nonceLength)));
    return state && { state, oldKey: key !== keys[0] };
  }

  /** The valid keys. If their function throws, there are no keys, and the handshake is a full one. */
  *#current(): Flow<readonly Uint8Array[]> {
    try {
      const keys = yield* callHook(this.#keys);
      return keys.filter(isTicketKey);
    } catch {
      return [];
    }
  }

  #context(key: Uint8Array): Awaitable<Aead> {
    const digest = this.#provider.hashes.sha256.digest(key);
    const cached = this.#contexts.get(key);
    if (cached && equal(cached.digest, digest)) return cached.aead;
    const newContext = this.#provider.ciphers.AES_256_GCM;
    if (!newContext) throw new Error("tickets need AES-256-GCM of the provider");
    // The array may be overwritten while the provider makes the context. `slice` of a Buffer does not copy.
    const copy = new Uint8Array(key);
    const wipeCopy = (): void => wipe(copy);
    const aead = newContext(copy.subarray(nameLength));
    if (isPromise(aead))
      aead.then(wipeCopy, () => {
        wipeCopy();
        // The next handshake asks the provider again.
        this.#contexts.delete(key);
      });
    else wipeCopy();
    this.#contexts.set(key, { digest, aead });
    return aead;
  }
}
