/**
 * Tickets, RFC 5077: a session's state, encrypted for the server itself, kept by the client. One is `name || nonce || AES-256-GCM(state)`, the
 * name being additional data: it says which of the server's keys to use, and nothing else (§4).
 * @module
 */
import { equal } from "../../bytes/bytes.ts";
import type { Aead, CryptoProvider, Random } from "../../crypto/provider.ts";
import { type Awaitable, callHook, type Flow, waitFor } from "../../flow.ts";
import { maxTicketState } from "../../limits.ts";

const nameLength = 16;
const nonceLength = 12;
const tagLength = 16;
/** Bytes of a ticket key: its public name, then an AES-256 key. */
export const ticketKeyLength = 48;

/** The first encrypts; all of them decrypt. May be a promise, and may change from call to call. */
export type TicketKeys = () => Awaitable<readonly Uint8Array[]>;

/** What a ticket held, and whether its key is on its way out. */
export interface OpenedTicket {
  readonly state: Uint8Array;
  readonly oldKey: boolean;
}

/** Runs `task` once in `ms`, or not at all where the host has no timer that lets the process end. */
export type ScheduleTask = (ms: number, task: () => void) => void;

/**
 * Keys of this process's own. Each belongs to a window of time of `lifetime` seconds, in which it encrypts, and decrypts
 * in the next one as well, for as long as its tickets live. The windows follow one another however often keys are used,
 * and a key whose time is over is wiped: at the next use, or by `later` where there is none. `now` in ms.
 */
export function rotatingKeys(random: Random, now: () => number, lifetime: number, later: ScheduleTask): TicketKeys {
  interface OwnKey {
    readonly key: Uint8Array;
    readonly since: number;
  }
  const window = lifetime * 1000;
  /** The newest first; two at most. */
  let keys: readonly OwnKey[] = [];
  let waiting = false;
  // How old a key is, nobody knows once the clock was set back to before it.
  const isOver = ({ since }: OwnKey, time: number): boolean => !(time >= since && time < since + 2 * window);
  const sweep = (time: number): void => {
    for (const one of keys) if (isOver(one, time)) one.key.fill(0);
    keys = keys.filter((one) => !isOver(one, time));
    const oldest = keys.at(-1);
    if (!oldest || waiting) return;
    waiting = true;
    later(oldest.since + 2 * window - time, () => {
      waiting = false;
      sweep(now());
    });
  };
  return () => {
    const time = now();
    sweep(time);
    const [newest] = keys;
    if (!newest || time >= newest.since + window) {
      keys = [{ key: random(ticketKeyLength), since: newest ? newest.since + window : time }, ...keys];
      sweep(time);
    }
    return keys.map(({ key }) => key);
  };
}

/** Makes and opens the tickets of one server. */
export class Tickets {
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #keys: TicketKeys;
  /** Contexts of the keys that are in use, under the very array; with what it held, since it is not ours and may be written over. */
  readonly #contexts = new WeakMap<Uint8Array, { readonly key: Uint8Array; readonly aead: Awaitable<Aead> }>();

  constructor(provider: CryptoProvider, random: Random, keys: TicketKeys) {
    this.#provider = provider;
    this.#random = random;
    this.#keys = keys;
  }

  /** A ticket of no bytes where there is no key, or the state is too large: the client then has none (RFC 5077 §3.3). */
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

  /** `undefined` for a ticket that is not ours, or not any more, or altered: all the same to who sent it. */
  *open(ticket: Uint8Array): Flow<OpenedTicket | undefined> {
    const keys = yield* this.#current();
    const name = ticket.subarray(0, nameLength);
    const key = keys.find((one) => equal(one.subarray(0, nameLength), name));
    if (!key || ticket.length < nameLength + nonceLength) return undefined;
    const aead = yield* waitFor(this.#context(key));
    const nonce = ticket.slice(nameLength, nameLength + nonceLength);
    const state = yield* waitFor(aead.open(nonce, name.slice(), ticket.slice(nameLength + nonceLength)));
    return state && { state, oldKey: key !== keys[0] };
  }

  /** Who gives the keys is not ours: what breaks there costs a full handshake, not the connection. */
  *#current(): Flow<readonly Uint8Array[]> {
    try {
      const keys = yield* callHook(this.#keys);
      return keys.filter((key) => key instanceof Uint8Array && key.length === ticketKeyLength);
    } catch {
      return [];
    }
  }

  #context(key: Uint8Array): Awaitable<Aead> {
    const known = this.#contexts.get(key);
    if (known && equal(known.key, key)) return known.aead;
    const make = this.#provider.ciphers.AES_256_GCM;
    if (!make) throw new Error("tickets without AES-256-GCM got past the configuration");
    // `slice` of a Buffer does not copy.
    const copy = new Uint8Array(key);
    const aead = make(copy.subarray(nameLength));
    this.#contexts.set(key, { key: copy, aead });
    return aead;
  }
}
