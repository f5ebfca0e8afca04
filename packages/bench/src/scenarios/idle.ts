import { Pair } from "../pair.ts";
import { median } from "../rounds.ts";
import { type Effort, type Grid, identityOf, messageOf, withTimeout } from "../scenarios.ts";

export const idleSubjects = ["raw ws", "Handclasp", "node:tls", "lemon-tls"];

interface MemoryGrowth {
  readonly heap: number;
  readonly rss: number;
}

/** Measures the server's memory for an open, idle connection. */
export async function idle(subjects: readonly string[], count: number, { rounds }: Effort): Promise<Grid[]> {
  const certificates = await identityOf("rsa-2048");
  const samples = new Map<string, MemoryGrowth[]>();
  const failures = new Map<string, string>();
  const times = Math.min(rounds, 5);
  for (let round = 0; round < times; round++)
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length] as string;
      if (failures.has(subject)) continue;
      // The processes are new, so that memory of earlier connections does not count.
      const pair = await Pair.start(subject, certificates);
      try {
        const growth = await withTimeout(120_000, measureGrowth(pair, count));
        samples.set(subject, [...(samples.get(subject) ?? []), growth]);
      } catch (error) {
        failures.set(subject, messageOf(error));
      } finally {
        pair.stop();
      }
    }
  return [
    {
      id: "idle",
      title: "An idle connection on the server",
      note:
        `Growth of the server's memory per connection, with ${count.toLocaleString("en")} open connections over ws, ` +
        `after garbage collection: the median of ${times} pairs of new processes.`,
      columns: [
        { name: "" },
        { name: "heap + external", unit: " KiB" },
        { name: "more than raw ws", unit: " KiB" },
        { name: "rss", unit: " KiB" },
      ],
      cells: idleCells(subjects, samples, failures),
    },
  ];
}

export function idleCells(
  subjects: readonly string[],
  samples: ReadonlyMap<string, readonly MemoryGrowth[]>,
  failures: ReadonlyMap<string, string>,
): Grid["cells"] {
  const medianOf = (subject: string, pick: (growth: MemoryGrowth) => number): number =>
    median((samples.get(subject) ?? []).map(pick));
  const heap = (subject: string): number => medianOf(subject, (growth) => growth.heap);
  const moreThanRaw = (subject: string): number | string =>
    samples.has("raw ws") ? heap(subject) - heap("raw ws") : "not measured";
  return subjects.map((subject) =>
    failures.has(subject)
      ? [subject, `not measured: ${failures.get(subject)}`, "", ""]
      : [subject, heap(subject), moreThanRaw(subject), medianOf(subject, ({ rss }) => rss)],
  );
}

/** The number of first connections that do not count, because they allocate memory that all connections share. */
const warmUpCount = 20;

async function measureGrowth(pair: Pair, count: number): Promise<MemoryGrowth> {
  await pair.connect(warmUpCount);
  const before = await pair.server.call("readMemory");
  await pair.connect(count, warmUpCount, 20);
  const after = await pair.server.call("readMemory");
  const kibPerConnection = (bytes: number): number => bytes / 1024 / count;
  return { heap: kibPerConnection(after.heap - before.heap), rss: kibPerConnection(after.rss - before.rss) };
}
