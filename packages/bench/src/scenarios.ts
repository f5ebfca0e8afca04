/**
 * The scenarios for bulk data and full handshakes between two Node processes, and the parts that scenarios share.
 * @module
 */
import { type KeyAlgorithm, testCa } from "@handclasp/testing";
import { type Direction, Pair } from "./pair.ts";
import { interleave, type Missing, perUnit, type Row, rowsOf, type Sample } from "./rounds.ts";
import type { Identity } from "./subjects/subject.ts";

export interface Effort {
  readonly rounds: number;
  /** The number of warm-up rounds, which do not count, before the `rounds`. */
  readonly warm: number;
  /** The maximum number of warm-up handshakes of each subject, which do not count. */
  readonly warmHandshakes: number;
  /** The approximate time of one measurement in ms. */
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

/** A table with columns of its own. */
export interface Grid {
  readonly id: string;
  readonly title: string;
  /** Explains the figures if the names of the columns do not. */
  readonly note?: string;
  readonly columns: readonly Column[];
  /** Rows with a cell for each column. A text in place of a figure says why it is missing. */
  readonly cells: readonly (readonly (string | number)[])[];
}

export interface Column {
  readonly name: string;
  readonly digits?: number;
  /** The text directly after the figure. With `"bytes"`, `formatBytes` formats the figure. */
  readonly unit?: string;
}

export type AnyTable = Table | Grid;

const identities = new Map<KeyAlgorithm, Promise<Identity>>();

/** The identity for an algorithm, which the scenarios share: two RSA keys take as long as a short scenario. */
export function identityOf(algorithm: KeyAlgorithm): Promise<Identity> {
  const known = identities.get(algorithm);
  if (known) return known;
  const made = testCa({ algorithm }).then(async (ca): Promise<Identity> => {
    const { cert, key } = await ca.issue({ algorithm });
    return { ca: ca.pem, cert, key };
  });
  identities.set(algorithm, made);
  return made;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Runs an action with all pairs that start and pass `tryOut`. `missing` has the other subjects, each with the reason.
 */
export async function withPairs<T>(
  names: readonly string[],
  certificates: Identity,
  tryOut: (pair: Pair) => Promise<unknown>,
  action: (pairs: readonly Pair[], missing: readonly Missing[]) => Promise<T>,
  execArgv: readonly string[] = [],
): Promise<T> {
  const pairs: Pair[] = [];
  const missing: Missing[] = [];
  for (const subject of names) {
    let pair: Pair | undefined;
    try {
      pair = await Pair.start(subject, certificates, execArgv);
      await withTimeout(10_000, tryOut(pair));
      pairs.push(pair);
    } catch (error) {
      pair?.stop();
      missing.push({ subject, note: messageOf(error) });
    }
  }
  try {
    return await action(pairs, missing);
  } finally {
    for (const pair of pairs) pair.stop();
  }
}

export async function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

export const mebibyte = 2 ** 20;

/** Measures bulk data in one direction over one connection, for each size of writes. */
export async function bulk(
  names: readonly string[],
  base: string,
  direction: Direction,
  sizes: readonly number[],
  { rounds, warm, duration }: Effort,
): Promise<Table[]> {
  return withPairs(
    names,
    // RSA is the only type of key that every subject supports.
    await identityOf("rsa-2048"),
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
          title: `Bulk ${direction}, writes of ${formatBytes(size)}`,
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

/** Samples of pairs that have one connection each. `counts` has the number of writes for each pair. */
export function bulkSamples(
  pairs: readonly Pair[],
  direction: Direction,
  size: number,
  counts: ReadonlyMap<string, number>,
  { rounds, warm }: Pick<Effort, "rounds" | "warm">,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const measure = async (pair: Pair): Promise<Sample> => {
    const count = counts.get(pair.name) as number;
    return perUnit((count * size) / mebibyte, await pair.transfer(direction, size, count));
  };
  return interleave(pairs, rounds, warm, afterWarmUp(measure));
}

/** The number of writes of `size` bytes that take about `duration` ms: at least 4, and at most 96 MiB. */
export async function writesFor(pair: Pair, direction: Direction, size: number, duration: number): Promise<number> {
  const trial = Math.max(8, Math.ceil(mebibyte / size / 4));
  const first = await pair.transfer(direction, size, trial);
  const second = await pair.transfer(direction, size, trial);
  const maxCount = Math.ceil((96 * mebibyte) / size);
  return Math.min(maxCount, Math.max(4, Math.ceil((trial * duration) / Math.min(first.wall, second.wall))));
}

/** Measures full handshakes in sequence. The time to open the transport is included. */
export async function handshakes(
  names: readonly string[],
  base: string,
  algorithm: KeyAlgorithm,
  effort: Effort,
): Promise<Table> {
  return withPairs(
    names,
    await identityOf(algorithm),
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
 * Samples of full or resumed handshakes. The first sample of each pair measures handshakes before the warm-up, directly
 * after the few handshakes of `tryOut` (`versus` has none). Before the second sample, the pair performs up to
 * `warmHandshakes` more handshakes, so that V8 compiles and optimises the code. V8 needs several thousand handshakes
 * for that, because a handshake runs much of its code only once.
 */
export async function handshakeSamples(
  pairs: readonly Pair[],
  { rounds, warmHandshakes, duration }: Effort,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const count = Math.max(5, Math.ceil(duration / 3));
  const measure = async (pair: Pair): Promise<Sample> => perUnit(count, await pair.handshakes(count));
  const first = await interleave(pairs, 1, 0, measure);
  for (const pair of pairs) {
    const start = performance.now();
    for (let done = 0; done < warmHandshakes && performance.now() - start < maxWarmUpTime; done += count)
      await pair.handshakes(count);
  }
  const warmed = await interleave(pairs, rounds, 0, measureTwice(measure));
  return new Map(pairs.map(({ name }) => [name, [...(first.get(name) ?? []), ...(warmed.get(name) ?? [])]]));
}

/**
 * Runs the measurement twice and returns the second result. A process is idle during the measurements of other
 * processes, and V8 drops compiled code of an idle process, but the figures should be those of a busy one.
 */
const measureTwice =
  <P>(measure: (pair: P) => Promise<Sample>) =>
  async (pair: P): Promise<Sample> => {
    await measure(pair);
    return measure(pair);
  };

/** As `measureTwice`, but runs the measurement once in the first round, which is the warm-up itself. */
export const afterWarmUp =
  <P>(measure: (pair: P) => Promise<Sample>) =>
  (pair: P, round: number): Promise<Sample> =>
    round ? measureTwice(measure)(pair) : measure(pair);

/** The time limit for the warm-up of a subject's handshakes, in ms. */
const maxWarmUpTime = 10_000;

/** Formats a number of bytes with its unit: 65536 as "64 KiB". */
export function formatBytes(n: number): string {
  if (n >= mebibyte) return `${n / mebibyte} MiB`;
  return n >= 1024 ? `${n / 1024} KiB` : `${n} B`;
}
