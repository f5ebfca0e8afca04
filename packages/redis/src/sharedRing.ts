/**
 * The ticket keys in Redis: a hash with the sealed keys and a fencing token, and a lock for the leader.
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Calls } from "./calls.ts";
import { otherClockError, ownClockError } from "./clocks.ts";
import type { FleetEvent } from "./events.ts";
import type { KeyRing } from "./keyRing.ts";
import { lease, maxLeaderWait } from "./limits.ts";
import { integer, lock, textOrNull, time } from "./replies.ts";
import type { Sealer } from "./seal.ts";

/**
 * Takes the lock, and returns a token that is higher than those of all earlier leaders, and the keys. A lock that would
 * not expire within the lease is none of ours, and would stop the leaders for ever. To take it is safe even if a leader
 * held it: its token is no longer the highest.
 */
const takeLock = `
local wasStuck = 0
if not redis.call('set', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  local left = redis.call('pttl', KEYS[2])
  if left >= 0 and left <= tonumber(ARGV[2]) then return false end
  redis.call('set', KEYS[2], ARGV[1], 'PX', ARGV[2])
  wasStuck = 1
end
redis.call('hincrby', KEYS[1], 'token', 1)
return { redis.call('hget', KEYS[1], 'token'), redis.call('hget', KEYS[1], 'keys'), wasStuck }`;

/** Writes the keys unless a later leader has taken the lock, and gives the lock back. */
const writeKeys = `
local isNewest = redis.call('hget', KEYS[1], 'token') == ARGV[2]
if isNewest then
  redis.call('hset', KEYS[1], 'keys', ARGV[3])
  redis.call('pexpire', KEYS[1], ARGV[4])
end
if redis.pcall('get', KEYS[2]) == ARGV[1] then redis.call('del', KEYS[2]) end
return isNewest and 1 or 0`;

/** `busy`: another process leads, which makes the next key soon, or another program writes the lock or the token. */
type Outcome = "done" | "busy" | "failed";

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
  /** Since when no process could lead although the next key is missing, on the clock of `performance.now`. */
  #leaderlessSince: number | undefined;
  #hasWrongClock = false;

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

  /**
   * Reads the keys, and makes the next one if it is missing and no other process does. Returns whether the next refresh
   * can wait for its time.
   */
  async refresh(): Promise<boolean> {
    const outcome = await this.#refreshOnce();
    if (outcome !== "busy") this.#leaderlessSince = undefined;
    else this.#countWait();
    return outcome === "done";
  }

  async #refreshOnce(): Promise<Outcome> {
    const texts: string[] = [];
    for (const text of await Promise.all(this.#sealers.map((sealer) => this.#read(sealer)))) {
      if (text === undefined) return "failed";
      texts.push(text);
    }
    const merge = (): void => {
      for (const text of texts) this.#ring.merge(text);
    };
    const [text] = texts as [string];
    const isDoubtful = this.#hasWrongClock || this.#isDoubtful(text) || texts.some((one) => this.#ring.misfitOf(one));
    if (!this.#hasWrongClock) merge();
    if (isDoubtful) {
      // To ask again soon changes no clock.
      if (!(await this.#checkClock(texts))) return this.#hasWrongClock ? "done" : "failed";
      merge();
    }
    return this.#ring.isUpToDate(text) ? "done" : this.#lead(isDoubtful);
  }

  #isDoubtful(text: string): boolean {
    return this.#ring.misfitOf(text) !== undefined || this.#ring.hasLost(text);
  }

  /** Returns whether our clock is right. With a wrong one, this process neither uses keys nor makes them. */
  async #checkClock(texts: readonly string[]): Promise<boolean> {
    const redisTime = await this.#calls.call("read", ["TIME"], time);
    if (redisTime === undefined) return false;
    const error = ownClockError(this.#now(), redisTime);
    this.#hasWrongClock = error !== undefined;
    if (error) {
      this.#ring.clear();
      this.#calls.failed("read", "clock", error);
      return false;
    }
    for (const misfit of texts.map((text) => this.#ring.misfitOf(text)))
      if (misfit) this.#calls.failed("read", "clock", otherClockError(misfit.kind, misfit.by));
    return true;
  }

  /** The braces make a cluster keep both keys in one slot. */
  #hashOf(sealer: Sealer): string {
    return `${this.#prefix}:{keys:${sealer.id}}`;
  }

  async #read(sealer: Sealer): Promise<string | undefined> {
    const reply = await this.#calls.call("read", ["HGET", this.#hashOf(sealer), "keys"], textOrNull);
    return reply === undefined ? undefined : this.#open(sealer, reply);
  }

  /** A hash without keys has an empty list. So has one that was altered, and the next leader replaces it. */
  #open(sealer: Sealer, sealed: string | null): string {
    if (sealed === null) return "[]";
    const opened = sealer.open(this.#hashOf(sealer), sealed);
    if (opened) return new TextDecoder().decode(opened);
    this.#calls.failed("read", "altered", new Error("the ticket keys in Redis were altered"));
    return "[]";
  }

  async #lead(isClockChecked: boolean): Promise<Outcome> {
    const [sealer] = this.#sealers as [Sealer];
    const hash = this.#hashOf(sealer);
    const names = ["2", hash, `${hash}:lock`];
    const taken = await this.#calls.call("rotate", ["EVAL", takeLock, ...names, this.#id, String(lease)], lock);
    if (!taken) return taken === null ? "busy" : "failed";
    if (taken.wasStuck)
      this.#calls.failed("rotate", "lock", new Error("the lock would not have expired, and was replaced"));
    const stored = this.#open(sealer, taken.keys);
    // The keys came since the read: the next one checks our clock. The lock expires soon.
    if (!isClockChecked && this.#isDoubtful(stored)) return "failed";
    this.#ring.merge(stored);
    const { text, from, until, isNew } = this.#ring.completed();
    const sealed = sealer.seal(hash, new TextEncoder().encode(text));
    const lifetime = String(Math.ceil(until - this.#now()));
    const write = ["EVAL", writeKeys, ...names, this.#id, taken.token, sealed, lifetime];
    const written = await this.#calls.call("rotate", write, integer);
    // Without an answer, the keys may be there: the next read shows it.
    if (written !== 1) return written === undefined ? "failed" : "busy";
    this.#ring.merge(text, true);
    if (isNew) {
      this.rotations++;
      this.#emit({ type: "rotated", from });
    }
    return "done";
  }

  #countWait(): void {
    const now = performance.now();
    this.#leaderlessSince ??= now;
    const waited = now - this.#leaderlessSince;
    if (waited <= maxLeaderWait) return;
    const seconds = Math.round(waited / 1_000);
    this.#calls.failed("rotate", "lock", new Error(`no process could make the next ticket key for ${seconds} s`));
  }
}
