/**
 * The ticket keys of a fleet, in the memory of one process.
 * @module
 */
import { randomBytes } from "node:crypto";
import { maxKeys } from "./limits.ts";

/** The length that core demands: a public name of 16 bytes and an AES-256 key. */
const ticketKeyLength = 48;

/** A ticket key. It encrypts from `from` until the next key does, and decrypts until `until`, in ms since 1970. */
interface RingKey {
  readonly key: Uint8Array;
  readonly from: number;
  readonly until: number;
}

/** The durations of a ring in milliseconds. */
export interface RingTimes {
  readonly window: number;
  readonly lifetime: number;
  /** The least time between the making of a key, and its use by a fleet that has a key. */
  readonly lead: number;
}

export class KeyRing {
  readonly #times: RingTimes;
  readonly #now: () => number;
  /** The newest first, in the same order in each process. */
  #keys: readonly RingKey[] = [];

  constructor(times: RingTimes, now: () => number) {
    this.#times = times;
    this.#now = now;
  }

  get size(): number {
    return this.#current().length;
  }

  /** When the next key begins to encrypt. */
  get next(): number | undefined {
    const time = this.#now();
    return this.#current()
      .filter(({ from }) => from > time)
      .at(-1)?.from;
  }

  /** The key that encrypts, and then the others. The arrays of a key are the same each time. */
  ticketKeys(): readonly Uint8Array[] {
    const time = this.#now();
    const keys = this.#current();
    // If the clock of this process is slow, all keys may be in its future.
    const sealing = keys.find(({ from }) => from <= time) ?? keys.at(-1);
    if (!sealing) return [];
    return [sealing.key, ...keys.filter((one) => one !== sealing).map(({ key }) => key)];
  }

  /** Adds the keys that are new. */
  merge(text: string): void {
    const known = new Set(this.#keys.map(nameOf));
    const added = parse(text).filter((one) => !known.has(nameOf(one)));
    if (added.length) this.#keys = [...this.#keys, ...added].sort(newestFirst).slice(0, maxKeys);
    this.#current();
  }

  /** Whether a text has all keys of this ring, and the next one among them. */
  isUpToDate(text: string): boolean {
    const stored = new Set(parse(text).map(nameOf));
    return this.next !== undefined && this.#current().every((one) => stored.has(nameOf(one)));
  }

  /**
   * The keys with those that are missing: the next one, and the first one of an empty ring. The ring does not change:
   * merge the text once it is stored.
   */
  completed(): { readonly text: string; readonly from: number; readonly until: number; readonly isNew: boolean } {
    const time = this.#now();
    const keys = [...this.#current()];
    const before = keys.length;
    const add = (from: number): void => void keys.unshift(this.#newKey(from));
    if (!keys.length) add(time);
    const [newest] = keys as [RingKey];
    if (newest.from <= time) add(Math.max(newest.from + this.#times.window, time + this.#times.lead));
    const [next] = keys as [RingKey];
    return { text: format(keys), from: next.from, until: next.until, isNew: keys.length > before };
  }

  /** Overwrites all keys. */
  clear(): void {
    for (const { key } of this.#keys) key.fill(0);
    this.#keys = [];
  }

  #newKey(from: number): RingKey {
    const { window, lifetime } = this.#times;
    return { key: new Uint8Array(randomBytes(ticketKeyLength)), from, until: from + window + lifetime };
  }

  #current(): readonly RingKey[] {
    const time = this.#now();
    if (this.#keys.some(({ until }) => until <= time)) {
      for (const { key, until } of this.#keys) if (until <= time) key.fill(0);
      this.#keys = this.#keys.filter(({ until }) => until > time);
    }
    return this.#keys;
  }
}

/** The public name of a ticket key: its first 16 bytes. */
const nameOf = ({ key }: RingKey): string => Buffer.from(key.subarray(0, 16)).toString("hex");

const newestFirst = (a: RingKey, b: RingKey): number => b.from - a.from || (nameOf(a) < nameOf(b) ? -1 : 1);

const format = (keys: readonly RingKey[]): string =>
  JSON.stringify(keys.map(({ key, from, until }) => [Buffer.from(key).toString("base64url"), from, until]));

/** The text was authenticated, so it has the form that `format` gave it. */
const parse = (text: string): RingKey[] =>
  (JSON.parse(text) as [string, number, number][]).map(([key, from, until]) => ({
    key: new Uint8Array(Buffer.from(key, "base64url")),
    from,
    until,
  }));
