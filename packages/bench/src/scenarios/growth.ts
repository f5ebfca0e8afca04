import { Pair } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identity, reason, within } from "../scenarios.ts";
import type { Identity } from "../subjects/subject.ts";

export const growthSubjects = ["Handclasp", "node:tls", "raw ws"];

const mebi = 2 ** 20;
const write = 16_384;

/** A subject with a number of connections that stay open for all rounds. */
interface Setting {
  readonly subject: string;
  readonly count: number;
  readonly pair: Pair;
  /** The server's memory in MiB, after gc and before the first transfer. */
  readonly heap: number;
  readonly rss: number;
  /** MiB/s over all connections, one figure for each round. */
  readonly speeds: number[];
}

/** The number of connections that larger numbers are compared with. */
const few = 10;

/**
 * Throughput of all connections together, and the server's memory, over the number of connections. Only one number and
 * the few run at a time: a process that waits for thirty others loses its compiled code and returns its memory.
 */
export async function growth(
  subjects: readonly string[],
  base: string,
  counts: readonly number[],
  effort: Effort,
): Promise<Grid[]> {
  const who = await identity("rsa-2048");
  const all: Setting[] = [];
  const missing: string[][] = [];
  const compared: (readonly [of: Setting, few: Setting])[] = [];
  for (const count of counts) {
    const settings: Setting[] = [];
    try {
      for (const subject of subjects)
        for (const over of count > few ? [count, few] : [count]) {
          const opened = await open(subject, over, who);
          if (typeof opened === "string")
            missing.push([subject, String(over), `not measured: ${opened}`, "", "", "", ""]);
          else settings.push(opened);
        }
      await measure(settings, effort);
    } finally {
      for (const { pair } of settings) pair.stop();
    }
    const many = settings.filter((setting) => setting.count === count);
    all.push(...many);
    for (const setting of many) {
      const reference = settings.find((other) => other.subject === setting.subject && other.count === few);
      if (count > few && reference) compared.push([setting, reference]);
    }
  }
  return [byCount(all, base, missing), ratios(compared, subjects)];
}

async function open(subject: string, count: number, who: Identity): Promise<Setting | string> {
  const pair = await Pair.start(subject, who);
  try {
    await within(240_000, pair.connect(count, 0, 20));
    const { heap, rss } = await pair.server.call("memory");
    return { subject, count, pair, heap: heap / mebi, rss: rss / mebi, speeds: [] };
  } catch (error) {
    pair.stop();
    return reason(error);
  }
}

async function measure(settings: readonly Setting[], { rounds, warm, duration }: Effort): Promise<void> {
  // The same volume for all, and enough for a thousand connections, because the first bytes of each cost more than the
  // others. Therefore there are fewer rounds.
  const volume = Math.ceil((duration / 1000) * 8000 * mebi);
  for (let round = 0; round < Math.ceil((rounds + warm) / 3); round++)
    for (let i = 0; i < settings.length; i++) {
      const { pair, count, speeds } = settings[(i + round) % settings.length] as Setting;
      const each = Math.max(2, Math.ceil(volume / write / count));
      const { wall } = await pair.transfer("down", write, each, count);
      if (round >= Math.ceil(warm / 3)) speeds.push((each * count * write) / mebi / (wall / 1000));
    }
}

function byCount(settings: readonly Setting[], base: string, missing: readonly string[][]): Grid {
  return {
    id: "growth",
    title: "Growth: many connections at once",
    note:
      "Down, writes of 16 KiB on every connection, throughput of all of them together; memory of the " +
      "server's process after gc and before the first transfer.",
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

function ratios(compared: readonly (readonly [Setting, Setting])[], subjects: readonly string[]): Grid {
  return {
    id: "growth-ratio",
    title: `Growth: throughput against that of ${few} connections`,
    note: "Ratios within a round, with the middle half of the rounds.",
    columns: [
      { name: "" },
      { name: "connections", digits: 0 },
      { name: `throughput (${few} = 1)`, unit: "x" },
      { name: "from", unit: "x" },
      { name: "to", unit: "x" },
    ],
    cells: subjects.flatMap((name) =>
      compared
        .filter(([{ subject }]) => subject === name)
        .map(([setting, reference]) => {
          const all = against(setting.speeds, reference.speeds);
          return [name, setting.count, median(all), quantile(all, 0.25), quantile(all, 0.75)];
        }),
    ),
  };
}

const against = (speeds: readonly number[], reference: readonly number[] = []): number[] =>
  speeds.map((speed, i) => speed / (reference[i] ?? Number.NaN));
