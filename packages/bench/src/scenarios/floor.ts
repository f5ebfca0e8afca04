import type { Recording } from "../floor/recording.ts";
import { machineName } from "../machine.ts";
import { type Direction, Pair, Worker } from "../pair.ts";
import { interleave, median, per, type Sample, spreadOf } from "../rounds.ts";
import { type Effort, type Grid, identity, mebi, rested } from "../scenarios.ts";
import type { Identity } from "../subjects/subject.ts";

const wsAlone = "ws alone";
const ciphers = "node:crypto alone";

/**
 * Compares the cost of a MiB with the cost of the same messages and records without the subject: see floor/floor.ts.
 */
export async function floor(subject: string, sizes: readonly number[], effort: Effort): Promise<Grid[]> {
  const who = await identity("rsa-2048");
  const argv = process.env.HANDCLASP_BENCH_ARGV?.split(" ");
  const started: { stop(): void }[] = [];
  const track = <T extends { stop(): void }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const pair = track(await Pair.start(subject, who, argv));
    const bare = track(await Pair.start("floor", who, argv));
    const loop = track(new Worker("floor", argv));
    await pair.connect(1);
    await bare.connect(1);
    const cells: (string | number)[][] = [];
    for (const direction of ["down", "up"] as const)
      for (const size of sizes) {
        // The same amount on a busy machine and on an idle one: a run of few messages is not warm.
        const count = Math.ceil((effort.duration * mebi) / 4 / size);
        const recording = await recorded(subject, who, direction, size, count);
        await bare.ends(direction)[0].call("keep", recording);
        await loop.call("keep", recording);
        const mebis = (size * count) / mebi;
        const sent = sum(recording.messages);
        const turns: Record<string, () => Promise<Sample>> = {
          [subject]: async () => per(mebis, await pair.transfer(direction, size, count)),
          [wsAlone]: async () => per(mebis, await bare.resend(direction, sent)),
          [ciphers]: async () => per(mebis, await alone(loop)),
        };
        const samples = await interleave(
          Object.entries(turns).map(([name, turn]) => ({ name, turn })),
          effort.rounds,
          effort.warm,
          rested(({ turn }) => turn()),
        );
        cells.push([
          `${direction}, writes of`,
          size,
          ...figures(samples, subject, effort.warm),
          recording.messages.length / mebis,
          recording.records.length / mebis,
        ]);
      }
    return [
      {
        id: "floor",
        title: "The floor under bulk data",
        note: [
          `CPU time, user and system, for a MiB: of both processes of ${subject}, of both processes of ws alone with`,
          `the messages of a recording of ${subject}, and of node:crypto alone, which seals and opens the`,
          `records in them. The ratio is ${subject} to the sum of the two, with the middle half of the rounds.`,
          `On ${machineName()}.`,
        ].join(" "),
        columns: [
          { name: "" },
          { name: "", unit: "bytes" },
          ...[subject, wsAlone, ciphers].map((name) => ({ name, unit: " ms" })),
          { name: "ratio", unit: "x" },
          { name: "from", unit: "x" },
          { name: "to", unit: "x" },
          { name: "messages a MiB", digits: 1 },
          { name: "records a MiB", digits: 1 },
        ],
        cells,
      },
    ];
  } finally {
    for (const one of started) one.stop();
  }
}

/** Records a transfer in a separate pair, so that the measured pair runs without the recorder. */
async function recorded(
  subject: string,
  who: Identity,
  direction: Direction,
  size: number,
  count: number,
): Promise<Recording> {
  const pair = await Pair.start(subject, who);
  try {
    await pair.connect(1);
    const [sender] = pair.ends(direction);
    for (let i = 0; i < 2; i++) await pair.transfer(direction, size, count);
    await sender.call("record");
    await pair.transfer(direction, size, count);
    const recording = await sender.call("recorded");
    if (sum(recording.records) !== size * count)
      throw new Error(
        `the recording holds ${sum(recording.records)} bytes of ${size * count}: look at floor/recording.ts`,
      );
    return recording;
  } finally {
    pair.stop();
  }
}

async function alone(loop: Worker): Promise<Sample> {
  await loop.call("mark");
  const start = performance.now();
  await loop.call("sealAndOpen");
  const wall = performance.now() - start;
  return { wall, client: await loop.call("cpu"), server: 0 };
}

/** The three medians, then median and quartiles of the rounds' ratios. */
function figures(samples: ReadonlyMap<string, readonly Sample[]>, subject: string, warm: number): number[] {
  const costs = (name: string): number[] =>
    (samples.get(name) ?? []).slice(warm).map(({ client, server }) => client + server);
  const [subjectCosts, ws, crypto] = [costs(subject), costs(wsAlone), costs(ciphers)];
  const ratios = subjectCosts.map((cost, i) => cost / ((ws[i] as number) + (crypto[i] as number)));
  const { median: ratio, from, to } = spreadOf(ratios);
  return [...[subjectCosts, ws, crypto].map(median), ratio, from, to];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
