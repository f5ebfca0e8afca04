/**
 * The ticket keys of a fleet, in the memory of one process.
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Misfit } from "./clocks.ts";
import { clockSkew, maxKeys } from "./limits.ts";

/** The length that core demands: a public name of 16 bytes and an AES-256 key. */
const ticketKeyLength = 48;

/** A ticket key. It encrypts from `from` until the next key does, and decrypts until `until`, in ms since 1970. */
interface RingKey {
  readonly key: Uint8Array;
  readonly from: number;
  readonly until: number;
  /** Whether this process made it. */
  readonly isOwn?: boolean;
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

  /** Adds the keys that are new and fit to our clock. `isOwn`: this process made those that are new. */
  merge(text: string, isOwn = false): void {
    const known = new Set(this.#keys.map(nameOf));
    const added = parse(text).filter((one) => !known.has(nameOf(one)));
    if (added.length)
      this.#keys = [...this.#keys, ...added.map((one) => ({ ...one, isOwn }))].sort(newestFirst).slice(0, maxKeys);
    this.#current();
  }

  /** Whether a text has all keys of this ring, the next one among them, and none that another clock made. */
  isUpToDate(text: string): boolean {
    const stored = new Set(parse(text).map(nameOf));
    const hasAll = this.next !== undefined && this.#current().every((one) => stored.has(nameOf(one)));
    return hasAll && this.misfitOf(text)?.kind !== "early";
  }

  /**
   * Whether the keys of a text show that a clock is wrong: that of their maker, or ours. `early`: a key begins later
   * than a right clock makes one, or no key has begun. `late`: all have expired, although Redis deletes them then.
   */
  misfitOf(text: string): { readonly kind: Misfit; readonly by: number } | undefined {
    const time = this.#now();
    const keys = parse(text).sort(newestFirst);
    const [newest] = keys;
    if (!newest) return undefined;
    if (this.#isTooFar(newest) || !this.#hasBegun(keys)) return { kind: "early", by: newest.from - time };
    const late = time - Math.max(...keys.map(({ until }) => until));
    return late > 2 * clockSkew ? { kind: "late", by: late } : undefined;
  }

  /** Whether another process has removed a key that this process made. A right clock makes none that is removed. */
  hasLost(text: string): boolean {
    const stored = new Set(parse(text).map(nameOf));
    return stored.size > 0 && this.#current().some((one) => one.isOwn && !stored.has(nameOf(one)));
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
    if (!this.#hasBegun(keys)) add(time);
    const [newest] = keys.sort(newestFirst) as [RingKey];
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

  /**
   * A key is made when the one before it begins, by the clock of its maker, and begins a window later. So no key begins
   * later than this, if both clocks are right.
   */
  #isTooFar({ from }: RingKey): boolean {
    return from > this.#now() + this.#times.window + 2 * clockSkew;
  }

  /** A fleet always has a key that has begun. */
  #hasBegun(keys: readonly RingKey[]): boolean {
    return keys.some(({ from }) => from <= this.#now() + 2 * clockSkew);
  }

  /** The keys that fit to our clock, which may have been set since they came. */
  #current(): readonly RingKey[] {
    const time = this.#now();
    const isUsable = (one: RingKey): boolean => one.until > time && !this.#isTooFar(one);
    if (!this.#keys.every(isUsable)) {
      for (const one of this.#keys) if (!isUsable(one)) one.key.fill(0);
      this.#keys = this.#keys.filter(isUsable);
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
