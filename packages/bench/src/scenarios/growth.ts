import { Pair } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identityOf, mebibyte, messageOf, withTimeout } from "../scenarios.ts";
import type { Identity } from "../subjects/subject.ts";

export const growthSubjects = ["Handclasp", "node:tls", "raw ws"];

const writeSize = 16_384;

/** A subject with a number of connections that stay open for all rounds. */
interface Setting {
  readonly subject: string;
  readonly count: number;
  readonly pair: Pair;
  /** Memory of the server in MiB, after garbage collection and before the first transfer. */
  readonly heap: number;
  readonly rss: number;
  /** MiB/s over all connections, for each round. */
  readonly speeds: number[];
}

/** The number of connections with which larger numbers are compared. */
const referenceCount = 10;

/**
 * Measures the throughput of all connections together, and the server's memory, for each number of connections. The
 * rounds of one number end before the next number begins. A number above `referenceCount` alternates with
 * `referenceCount` connections. With all numbers in one round, about thirty other processes would run between two
 * measurements of a process, and V8 drops compiled code of an idle process.
 */
export async function growth(
  subjects: readonly string[],
  base: string,
  counts: readonly number[],
  effort: Effort,
): Promise<Grid[]> {
  const certificates = await identityOf("rsa-2048");
  const all: Setting[] = [];
  const notMeasured: string[][] = [];
  const compared: (readonly [many: Setting, reference: Setting])[] = [];
  for (const count of counts) {
    const settings: Setting[] = [];
    try {
      for (const subject of subjects)
        for (const connections of count > referenceCount ? [count, referenceCount] : [count]) {
          const opened = await open(subject, connections, certificates);
          if (typeof opened === "string")
            notMeasured.push([subject, String(connections), `not measured: ${opened}`, "", "", "", ""]);
          else settings.push(opened);
        }
      await measure(settings, effort);
    } finally {
      for (const { pair } of settings) pair.stop();
    }
    const many = settings.filter((setting) => setting.count === count);
    all.push(...many);
    for (const setting of many) {
      const reference = settings.find((other) => other.subject === setting.subject && other.count === referenceCount);
      if (count > referenceCount && reference) compared.push([setting, reference]);
    }
  }
  return [byCount(all, base, notMeasured), ratioGrid(compared, subjects)];
}

async function open(subject: string, count: number, certificates: Identity): Promise<Setting | string> {
  const pair = await Pair.start(subject, certificates);
  try {
    await withTimeout(240_000, pair.connect(count, 0, 20));
    const { heap, rss } = await pair.server.call("readMemory");
    return { subject, count, pair, heap: heap / mebibyte, rss: rss / mebibyte, speeds: [] };
  } catch (error) {
    pair.stop();
    return messageOf(error);
  }
}

async function measure(settings: readonly Setting[], { rounds, warm, duration }: Effort): Promise<void> {
  // The volume is the same for every subject and large enough for a thousand connections, because the first bytes of a
  // connection cost more than later ones. The large volume limits the number of rounds.
  const volume = Math.ceil((duration / 1000) * 8000 * mebibyte);
  for (let round = 0; round < Math.ceil((rounds + warm) / 3); round++)
    for (let i = 0; i < settings.length; i++) {
      const { pair, count, speeds } = settings[(i + round) % settings.length] as Setting;
      const writes = Math.max(2, Math.ceil(volume / writeSize / count));
      const { wall } = await pair.transfer("down", writeSize, writes, count);
      if (round >= Math.ceil(warm / 3)) speeds.push((writes * count * writeSize) / mebibyte / (wall / 1000));
    }
}

function byCount(settings: readonly Setting[], base: string, notMeasured: readonly string[][]): Grid {
  return {
    id: "growth",
    title: "Growth: many connections at once",
    note:
      "The server writes 16 KiB at a time on every connection. The throughput is the sum over all connections. The " +
      "memory is that of the server's process, after garbage collection and before the first transfer.",
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
        return [subject, count, median(speeds), median(ratiosTo(speeds, reference?.speeds)), heap, rss];
      }),
      ...notMeasured.map((cells) => cells.slice(0, 6)),
    ],
  };
}

function ratioGrid(compared: readonly (readonly [Setting, Setting])[], subjects: readonly string[]): Grid {
  return {
    id: "growth-ratio",
    title: `Growth: throughput against that of ${referenceCount} connections`,
    note: 'The median of the ratios within a round; "from" and "to" are the middle half of these ratios.',
    columns: [
      { name: "" },
      { name: "connections", digits: 0 },
      { name: `throughput (${referenceCount} = 1)`, unit: "x" },
      { name: "from", unit: "x" },
      { name: "to", unit: "x" },
    ],
    cells: subjects.flatMap((name) =>
      compared
        .filter(([{ subject }]) => subject === name)
        .map(([many, reference]) => {
          const ratios = ratiosTo(many.speeds, reference.speeds);
          return [name, many.count, median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75)];
        }),
    ),
  };
}

const ratiosTo = (speeds: readonly number[], reference: readonly number[] = []): number[] =>
  speeds.map((speed, i) => speed / (reference[i] ?? Number.NaN));
