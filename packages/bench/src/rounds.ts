import type { Cost } from "./pair.ts";

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** What one unit of work (a MiB, a handshake) costs, ms. */
export interface Sample extends Cost {}

/** One subject's line of a table: medians, and their ratios to the base, each ratio taken within a round. */
export interface Row {
  readonly subject: string;
  /** ms for a unit: what stood on the clock, and the CPU time of the two sides. */
  readonly wall: number;
  readonly client: number;
  readonly server: number;
  /** Speed in units of the base's, and the middle half of its rounds: more is better. */
  readonly speed: number;
  readonly spread: readonly [number, number];
  /** CPU of client, server and both in units of the base's: less is better. */
  readonly clientRatio: number;
  readonly serverRatio: number;
  readonly cpuRatio: number;
  /** What the very first round took, in units of the later median: warm-up. */
  readonly warmUp: number;
  readonly note?: string;
}

/** A subject that could not be measured, and why. */
export interface Missing {
  readonly subject: string;
  readonly note: string;
}

/**
 * Runs an action over all pairs, round by round, each round in another order, so that whatever else the machine does hits all of them.
 * The first `warm` rounds are told apart.
 */
export async function interleave<P extends { readonly name: string }>(
  pairs: readonly P[],
  rounds: number,
  warm: number,
  action: (pair: P, round: number) => Promise<Sample>,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(pairs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds + warm; round++) {
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[(i + round) % pairs.length] as P;
      samples.get(pair.name)?.push(await action(pair, round));
    }
  }
  return samples;
}

export function rowsOf(samples: ReadonlyMap<string, readonly Sample[]>, base: string, warm: number): Row[] {
  const later = new Map([...samples].map(([name, all]) => [name, all.slice(warm)]));
  const reference = later.get(base) ?? [];
  return [...later].map(([subject, own]) => {
    const of = (pick: (sample: Sample) => number): number => median(own.map(pick));
    const ratios = (pick: (sample: Sample) => number): number[] =>
      own.map((sample, i) => pick(sample) / pick(reference[i] as Sample));
    const speeds = ratios(({ wall }) => 1 / wall);
    const first = samples.get(subject)?.[0]?.wall ?? Number.NaN;
    return {
      subject,
      wall: of(({ wall }) => wall),
      client: of(({ client }) => client),
      server: of(({ server }) => server),
      speed: median(speeds),
      spread: [quantile(speeds, 0.25), quantile(speeds, 0.75)],
      clientRatio: median(ratios(({ client }) => client)),
      serverRatio: median(ratios(({ server }) => server)),
      cpuRatio: median(ratios(({ client, server }) => client + server)),
      warmUp: first / of(({ wall }) => wall),
    };
  });
}

export const per = (units: number, cost: Cost): Sample => ({
  wall: cost.wall / units,
  client: cost.client / units,
  server: cost.server / units,
});

/** A cost's median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly from: number;
  readonly to: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  from: quantile(values, 0.25),
  to: quantile(values, 0.75),
});

/** Two costs differ where both hold: their quartiles do not overlap, and their medians are more than 3 % apart. */
export function verdict(before: Spread, after: Spread): "worse" | "better" | "same" {
  const ratio = after.median / before.median;
  if (after.from > before.to && ratio > 1.03) return "worse";
  return after.to < before.from && ratio < 0.97 ? "better" : "same";
}
