import { Pair } from "../pair.ts";
import { median } from "../rounds.ts";
import { type Effort, type Grid, identity, reason, within } from "../scenarios.ts";

export const idleSubjects = ["raw ws", "Handclasp", "node:tls", "lemon-tls"];

interface Footprint {
  readonly heap: number;
  readonly rss: number;
}

/** The memory of an idle connection on the server. */
export async function idle(subjects: readonly string[], count: number, { rounds }: Effort): Promise<Grid[]> {
  const who = await identity("rsa-2048");
  const footprints = new Map<string, Footprint[]>();
  const failures = new Map<string, string>();
  const times = Math.min(rounds, 5);
  for (let round = 0; round < times; round++)
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length] as string;
      if (failures.has(subject)) continue;
      // New processes, without the memory that earlier connections left behind.
      const pair = await Pair.start(subject, who);
      try {
        const taken = await within(120_000, footprintOf(pair, count));
        footprints.set(subject, [...(footprints.get(subject) ?? []), taken]);
      } catch (error) {
        failures.set(subject, reason(error));
      } finally {
        pair.stop();
      }
    }
  const medianOf = (subject: string, pick: (taken: Footprint) => number): number =>
    median((footprints.get(subject) ?? []).map(pick));
  const heap = (subject: string): number => medianOf(subject, (taken) => taken.heap);
  return [
    {
      id: "idle",
      title: "An idle connection on the server",
      note:
        `Growth of the server's process by ${count.toLocaleString("en")} open connections over ws, after ` +
        `gc, for each of them; median of ${times} pairs of fresh processes.`,
      columns: [
        { name: "" },
        { name: "heap + external", unit: " KiB" },
        { name: "more than raw ws", unit: " KiB" },
        { name: "rss", unit: " KiB" },
      ],
      cells: subjects.map((subject) =>
        failures.has(subject)
          ? [subject, `not measured: ${failures.get(subject)}`, "", ""]
          : [subject, heap(subject), heap(subject) - heap("raw ws"), medianOf(subject, ({ rss }) => rss)],
      ),
    },
  ];
}

/** The first connections, not counted: they load what all connections share. */
const first = 20;

async function footprintOf(pair: Pair, count: number): Promise<Footprint> {
  await pair.connect(first);
  const before = await pair.server.call("memory");
  await pair.connect(count, first, 20);
  const after = await pair.server.call("memory");
  const each = (bytes: number): number => bytes / 1024 / count;
  return { heap: each(after.heap - before.heap), rss: each(after.rss - before.rss) };
}
