import type { Cost } from "./pair.ts";

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The cost of one unit of work (a MiB, a handshake), in ms. */
export interface Sample extends Cost {}

/**
 * One subject's line of a table: medians, and ratios to the base, each of which is the median of the ratios within a
 * round.
 */
export interface Row {
  readonly subject: string;
  /** Wall time per unit of work in ms. `client` and `server` are the CPU time of each side. */
  readonly wall: number;
  readonly client: number;
  readonly server: number;
  /** The speed as a multiple of the base's speed; `spread` is the middle half of its rounds. Higher is better. */
  readonly speed: number;
  readonly spread: readonly [number, number];
  /** The CPU time of the client, the server and both as a multiple of the base's CPU time. Lower is better. */
  readonly clientRatio: number;
  readonly serverRatio: number;
  readonly cpuRatio: number;
  /** The wall time of the first round as a multiple of the median: the effect of warm-up. */
  readonly warmUp: number;
  readonly note?: string;
}

/** A subject that could not be measured, with the reason. */
export interface Missing {
  readonly subject: string;
  readonly note: string;
}

/**
 * Runs an action on every pair in each round. The order rotates from round to round, so that other load on the machine
 * affects all pairs alike. The samples begin with those of the `warm` warm-up rounds.
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
  const warmed = new Map([...samples].map(([name, all]) => [name, all.slice(warm)]));
  const reference = warmed.get(base) ?? [];
  return [...warmed].map(([subject, subjectSamples]) => {
    const medianOf = (pick: (sample: Sample) => number): number => median(subjectSamples.map(pick));
    const ratios = (pick: (sample: Sample) => number): number[] =>
      subjectSamples.map((sample, i) => pick(sample) / pick(reference[i] as Sample));
    const speeds = ratios(({ wall }) => 1 / wall);
    const first = samples.get(subject)?.[0]?.wall ?? Number.NaN;
    return {
      subject,
      wall: medianOf(({ wall }) => wall),
      client: medianOf(({ client }) => client),
      server: medianOf(({ server }) => server),
      speed: median(speeds),
      spread: [quantile(speeds, 0.25), quantile(speeds, 0.75)],
      clientRatio: median(ratios(({ client }) => client)),
      serverRatio: median(ratios(({ server }) => server)),
      cpuRatio: median(ratios(({ client, server }) => client + server)),
      warmUp: first / medianOf(({ wall }) => wall),
    };
  });
}

export const perUnit = (units: number, cost: Cost): Sample => ({
  wall: cost.wall / units,
  client: cost.client / units,
  server: cost.server / units,
});

/** The median and the quartiles of a cost. */
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

/**
 * Compares two costs. They differ if their quartile ranges do not overlap and their medians are more than 3 % apart.
 */
export function verdictOf(before: Spread, after: Spread): "worse" | "better" | "same" {
  const ratio = after.median / before.median;
  if (after.from > before.to && ratio > 1.03) return "worse";
  return after.to < before.from && ratio < 0.97 ? "better" : "same";
}
