/**
 * The ticket keys in Redis: a hash with the sealed keys and a fencing token, and a lock for the leader.
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Calls } from "./calls.ts";
import { textOf } from "./client.ts";
import type { FleetEvent } from "./events.ts";
import type { KeyRing } from "./keyRing.ts";
import { lease } from "./limits.ts";
import type { Sealer } from "./seal.ts";

/** Takes the lock, and returns a token that is higher than those of all earlier leaders, and the keys. */
const takeLock = `
if not redis.call('set', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
return { redis.call('hincrby', KEYS[1], 'token', 1), redis.call('hget', KEYS[1], 'keys') }`;

/** Writes the keys unless a later leader has taken the lock, and gives the lock back. */
const writeKeys = `
local isNewest = redis.call('hget', KEYS[1], 'token') == ARGV[2]
if isNewest then
  redis.call('hset', KEYS[1], 'keys', ARGV[3])
  redis.call('pexpire', KEYS[1], ARGV[4])
end
if redis.call('get', KEYS[2]) == ARGV[1] then redis.call('del', KEYS[2]) end
return isNewest and 1 or 0`;

export class SharedRing {
  rotations = 0;
  readonly #ring: KeyRing;
  readonly #calls: Calls;
  /** The first one seals. All of them open, each in a hash of its own. */
  readonly #sealers: readonly Sealer[];
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #emit: (event: FleetEvent) => void;
  /** The name of this process in the lock. */
  readonly #id = randomBytes(12).toString("base64url");

  constructor(
    ring: KeyRing,
    calls: Calls,
    sealers: readonly Sealer[],
    prefix: string,
    now: () => number,
    emit: (event: FleetEvent) => void,
  ) {
    this.#ring = ring;
    this.#calls = calls;
    this.#sealers = sealers;
    this.#prefix = prefix;
    this.#now = now;
    this.#emit = emit;
  }

  /** Reads the keys, and makes the next one if it is missing and no other process does. Returns whether all is well. */
  async refresh(): Promise<boolean> {
    const texts = await Promise.all(this.#sealers.map((sealer) => this.#read(sealer)));
    if (texts.includes(undefined)) return false;
    for (const text of texts) this.#ring.merge(text as string);
    return this.#ring.isUpToDate(texts[0] as string) || (await this.#lead());
  }

  /** The braces make a cluster keep both keys in one slot. */
  #hashOf(sealer: Sealer): string {
    return `${this.#prefix}:{keys:${sealer.id}}`;
  }

  async #read(sealer: Sealer): Promise<string | undefined> {
    const answer = await this.#calls.call("read", ["HGET", this.#hashOf(sealer), "keys"]);
    return answer && this.#open(sealer, answer.reply);
  }

  /** A hash without keys has an empty list. So has one that was altered, and the next leader replaces it. */
  #open(sealer: Sealer, reply: unknown): string {
    const text = textOf(reply);
    if (text === undefined) return "[]";
    const opened = sealer.open(this.#hashOf(sealer), text);
    if (opened) return new TextDecoder().decode(opened);
    this.#calls.failed("read", new Error("the ticket keys in Redis were altered"));
    return "[]";
  }

  async #lead(): Promise<boolean> {
    const [sealer] = this.#sealers as [Sealer];
    const hash = this.#hashOf(sealer);
    const names = ["2", hash, `${hash}:lock`];
    const taken = await this.#calls.call("rotate", ["EVAL", takeLock, ...names, this.#id, String(lease)]);
    if (!Array.isArray(taken?.reply)) return false; // another process leads, or Redis failed
    const [token, stored] = taken.reply as readonly unknown[];
    this.#ring.merge(this.#open(sealer, stored));
    const { text, from, until, isNew } = this.#ring.completed();
    const sealed = sealer.seal(hash, new TextEncoder().encode(text));
    const lifetime = String(Math.ceil(until - this.#now()));
    const written = await this.#calls.call("rotate", [
      "EVAL",
      writeKeys,
      ...names,
      this.#id,
      String(token),
      sealed,
      lifetime,
    ]);
    // Without an answer, the keys may be there: the next read shows it.
    if (Number(written?.reply) !== 1) return false;
    this.#ring.merge(text);
    if (!isNew) return true;
    this.rotations++;
    this.#emit({ type: "rotated", from });
    return true;
  }
}
