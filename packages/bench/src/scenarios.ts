/**
 * The scenarios between two Node processes.
 * @module
 */
import { type KeyAlgorithm, testCa } from "@handclasp/testing";
import { type Direction, Pair } from "./pair.ts";
import { interleave, type Missing, per, type Row, rowsOf, type Sample } from "./rounds.ts";
import type { Identity } from "./subjects/subject.ts";

export interface Effort {
  readonly rounds: number;
  readonly warm: number;
  /** The number of warm-up handshakes of each subject. */
  readonly warmHandshakes: number;
  /** The time that one action should take, in ms. */
  readonly duration: number;
}

/** A table of subjects that are compared with a base, round by round. */
export interface Table {
  readonly id: string;
  readonly title: string;
  /** The unit of work. */
  readonly unit: "MiB" | "handshake" | "connection" | "1,000 records";
  readonly base: string;
  readonly rows: readonly (Row | Missing)[];
}

/** Any other table. */
export interface Grid {
  readonly id: string;
  readonly title: string;
  /** An explanation of the figures, if the columns' names are not enough. */
  readonly note?: string;
  readonly columns: readonly Column[];
  /** A cell for each column. A text in place of a figure says why the figure is missing. */
  readonly cells: readonly (readonly (string | number)[])[];
}

export interface Column {
  readonly name: string;
  readonly digits?: number;
  /** The text directly after the figure; with `"bytes"`, the function `bytes` formats the figure. */
  readonly unit?: string;
}

export type AnyTable = Table | Grid;

export async function identity(algorithm: KeyAlgorithm): Promise<Identity> {
  const ca = await testCa({ algorithm });
  const { cert, key } = await ca.issue({ algorithm });
  return { ca: ca.pem, cert, key };
}

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs `action` with the pairs that start and pass `tryOut`. The others are `missing`, with the reason. */
export async function withPairs<T>(
  names: readonly string[],
  who: Identity,
  tryOut: (pair: Pair) => Promise<unknown>,
  action: (pairs: readonly Pair[], missing: readonly Missing[]) => Promise<T>,
  execArgv: readonly string[] = [],
): Promise<T> {
  const pairs: Pair[] = [];
  const missing: Missing[] = [];
  for (const subject of names) {
    let pair: Pair | undefined;
    try {
      pair = await Pair.start(subject, who, execArgv);
      await within(10_000, tryOut(pair));
      pairs.push(pair);
    } catch (error) {
      pair?.stop();
      missing.push({ subject, note: reason(error) });
    }
  }
  try {
    return await action(pairs, missing);
  } finally {
    for (const pair of pairs) pair.stop();
  }
}

export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const mebi = 2 ** 20;

/** Bulk data one way over one connection, in writes of `size` bytes. */
export async function bulk(
  names: readonly string[],
  base: string,
  direction: Direction,
  sizes: readonly number[],
  { rounds, warm, duration }: Effort,
): Promise<Table[]> {
  return withPairs(
    names,
    // The only kind of key that all subjects support.
    await identity("rsa-2048"),
    async (pair) => {
      await pair.connect(1);
      await pair.transfer(direction, 1024, 4);
    },
    async (pairs, missing) => {
      const tables: Table[] = [];
      for (const size of sizes) {
        const counts = new Map<string, number>();
        for (const pair of pairs) counts.set(pair.name, await writesFor(pair, direction, size, duration));
        const samples = await bulkSamples(pairs, direction, size, counts, { rounds, warm });
        tables.push({
          id: `bulk-${direction}-${size}`,
          title: `Bulk ${direction}, writes of ${bytes(size)}`,
          unit: "MiB",
          base,
          rows: [...rowsOf(samples, base, warm), ...missing],
        });
      }
      return tables;
    },
    process.env.HANDCLASP_BENCH_ARGV?.split(" "),
  );
}

/** Samples of pairs with one connection each. `counts` has the number of writes of each pair. */
export function bulkSamples(
  pairs: readonly Pair[],
  direction: Direction,
  size: number,
  counts: ReadonlyMap<string, number>,
  { rounds, warm }: Pick<Effort, "rounds" | "warm">,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const measure = async (pair: Pair): Promise<Sample> => {
    const count = counts.get(pair.name) as number;
    return per((count * size) / mebi, await pair.transfer(direction, size, count));
  };
  return interleave(pairs, rounds, warm, rested(measure));
}

/** The number of writes of `size` bytes that takes about `duration` ms. */
export async function writesFor(pair: Pair, direction: Direction, size: number, duration: number): Promise<number> {
  const trial = Math.max(8, Math.ceil(mebi / size / 4));
  const { wall } = await pair.transfer(direction, size, trial);
  const warmer = await pair.transfer(direction, size, trial);
  const most = Math.ceil((96 * mebi) / size);
  return Math.min(most, Math.max(4, Math.ceil((trial * duration) / Math.min(wall, warmer.wall))));
}

/** Full handshakes one after the other, including the opening of each transport. */
export async function handshakes(
  names: readonly string[],
  base: string,
  algorithm: KeyAlgorithm,
  effort: Effort,
): Promise<Table> {
  return withPairs(
    names,
    await identity(algorithm),
    (pair) => pair.handshakes(3),
    async (pairs, missing) => {
      const samples = await handshakeSamples(pairs, effort);
      return {
        id: `handshake-${algorithm}`,
        title: `Full handshake, ${algorithm}`,
        unit: "handshake",
        base,
        rows: [...rowsOf(samples, base, 1), ...missing],
      };
    },
    process.env.HANDCLASP_BENCH_ARGV?.split(" "),
  );
}

/**
 * The first sample of each pair is its very first handshakes. Before the second, the engine has compiled the code: a
 * handshake is much code that runs once, so that it takes some thousand handshakes until all of it is compiled.
 */
export async function handshakeSamples(
  pairs: readonly Pair[],
  { rounds, warmHandshakes, duration }: Effort,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const count = Math.max(5, Math.ceil(duration / 3));
  const measure = async (pair: Pair): Promise<Sample> => per(count, await pair.handshakes(count));
  const first = await interleave(pairs, 1, 0, measure);
  for (const pair of pairs) {
    const start = performance.now();
    for (let done = 0; done < warmHandshakes && performance.now() - start < warmTime; done += count)
      await pair.handshakes(count);
  }
  const measured = await interleave(pairs, rounds, 0, rested(measure));
  return new Map(pairs.map(({ name }) => [name, [...(first.get(name) ?? []), ...(measured.get(name) ?? [])]]));
}

/**
 * Runs each measurement once before it counts. A process rests while the others have their turns, and the engine drops
 * compiled code meanwhile; the figure should be the cost in a process that is at work.
 */
export const rested =
  <P>(measure: (pair: P) => Promise<Sample>) =>
  async (pair: P, round: number): Promise<Sample> => {
    if (round) await measure(pair);
    return measure(pair);
  };

/** The longest warm-up of one subject, in ms. */
const warmTime = 10_000;

/** 65536 as "64 KiB". */
export function bytes(n: number): string {
  if (n >= mebi) return `${n / mebi} MiB`;
  return n >= 1024 ? `${n / 1024} KiB` : `${n} B`;
}
