import { Pair } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identity, reason, within } from "../scenarios.ts";

export const growthSubjects = ["Handclasp", "node:tls", "raw ws"];

const mebi = 2 ** 20;
const write = 16_384;

/** A subject with a number of connections that stay open for all rounds. */
interface Setting {
  readonly subject: string;
  readonly count: number;
  readonly pair: Pair;
  /** Of the server, MiB: after gc, before anything was sent. */
  readonly heap: number;
  readonly rss: number;
  /** MiB/s over all connections, a round each. */
  readonly speeds: number[];
}

/** Throughput of all connections together, and the server's memory, over the number of connections. */
export async function growth(
  subjects: readonly string[],
  base: string,
  counts: readonly number[],
  { rounds, warm, duration }: Effort,
): Promise<Grid[]> {
  const who = await identity("rsa-2048");
  const settings: Setting[] = [];
  const missing: string[][] = [];
  try {
    for (const count of counts)
      for (const subject of subjects) {
        const pair = await Pair.start(subject, who);
        try {
          await within(240_000, pair.connect(count, 0, 20));
          const { heap, rss } = await pair.server.call("memory");
          settings.push({ subject, count, pair, heap: heap / mebi, rss: rss / mebi, speeds: [] });
        } catch (error) {
          pair.stop();
          missing.push([subject, String(count), `not measured: ${reason(error)}`, "", "", "", ""]);
        }
      }
    // As many MiB for everybody, and enough that a thousand connections each have some to do: their first bytes cost more than the others.
    const volume = Math.ceil((duration / 1000) * 2000 * mebi);
    for (let round = 0; round < rounds + warm; round++)
      for (let i = 0; i < settings.length; i++) {
        const { pair, count, speeds } = settings[(i + round) % settings.length] as Setting;
        const each = Math.max(2, Math.ceil(volume / write / count));
        const { wall } = await pair.transfer("down", write, each, count);
        if (round >= warm) speeds.push((each * count * write) / mebi / (wall / 1000));
      }
  } finally {
    for (const { pair } of settings) pair.stop();
  }
  return [byCount(settings, base, missing), ratios(settings, subjects)];
}

function byCount(settings: readonly Setting[], base: string, missing: readonly string[][]): Grid {
  return {
    id: "growth",
    title: "Growth: many connections at once",
    note: "Down, writes of 16 KiB on every connection, throughput of all of them together; memory of the server's process after gc, before anything was sent.",
    columns: [
      { name: "" },
      { name: "connections", digits: 0 },
      { name: "throughput", digits: 0, unit: " MiB/s" },
      { name: `speed (${base} = 1)`, unit: "x" },
      { name: "heap + external", digits: 1, unit: " MiB" },
      { name: "rss", digits: 0, unit: " MiB" },
    ],
    cells: [
      ...settings.map((setting) => {
        const reference = settings.find(({ subject, count }) => subject === base && count === setting.count);
        const { subject, count, speeds, heap, rss } = setting;
        return [subject, count, median(speeds), median(against(speeds, reference?.speeds)), heap, rss];
      }),
      ...missing.map((cells) => cells.slice(0, 6)),
    ],
  };
}

function ratios(settings: readonly Setting[], subjects: readonly string[]): Grid {
  const find = (name: string, n: number) => settings.find(({ subject, count }) => subject === name && count === n);
  const reference = 10;
  const counts = [...new Set(settings.map(({ count }) => count))].filter((count) => count > reference);
  return {
    id: "growth-ratio",
    title: "Growth: throughput against that of 10 connections",
    note: "Ratios within a round, with the middle half of the rounds.",
    columns: [
      { name: "" },
      { name: "connections", digits: 0 },
      { name: `throughput (${reference} = 1)`, unit: "x" },
      { name: "from", unit: "x" },
      { name: "to", unit: "x" },
    ],
    cells: subjects.flatMap((name) =>
      counts.flatMap((count) => {
        const own = find(name, count);
        const few = find(name, reference);
        if (!own || !few) return [];
        const all = against(own.speeds, few.speeds);
        return [[name, count, median(all), quantile(all, 0.25), quantile(all, 0.75)]];
      }),
    ),
  };
}

const against = (speeds: readonly number[], reference: readonly number[] = []): number[] =>
  speeds.map((speed, i) => speed / (reference[i] ?? Number.NaN));
