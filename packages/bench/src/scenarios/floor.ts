import type { Recording } from "../floor/recording.ts";
import { machineName } from "../machine.ts";
import { type Direction, Pair, Worker } from "../pair.ts";
import { interleave, median, perUnit, type Sample, spreadOf } from "../rounds.ts";
import { afterWarmUp, type Effort, type Grid, identityOf, mebibyte } from "../scenarios.ts";
import type { Identity } from "../subjects/subject.ts";

const bareWs = "ws alone";
const bareCrypto = "node:crypto alone";

/**
 * Compares the CPU time per MiB of a subject with the CPU time of the same messages and records without the subject
 * (floor/floor.ts).
 */
export async function floor(subject: string, sizes: readonly number[], effort: Effort): Promise<Grid[]> {
  const certificates = await identityOf("rsa-2048");
  const argv = process.env.HANDCLASP_BENCH_ARGV?.split(" ");
  const processes: { stop(): void }[] = [];
  const track = <T extends { stop(): void }>(started: T): T => {
    processes.push(started);
    return started;
  };
  try {
    const pair = track(await Pair.start(subject, certificates, argv));
    const wsPair = track(await Pair.start("floor", certificates, argv));
    const cryptoWorker = track(new Worker("floor", argv));
    await pair.connect(1);
    await wsPair.connect(1);
    const cells: (string | number)[][] = [];
    for (const direction of ["down", "up"] as const)
      for (const size of sizes) {
        // The volume is fixed: on a busy machine, a trial would choose a count that is too small for the warm-up.
        const count = Math.ceil((effort.duration * mebibyte) / 4 / size);
        const recording = await recordTransfer(subject, certificates, direction, size, count);
        await wsPair.ends(direction)[0].call("loadRecording", recording);
        await cryptoWorker.call("loadRecording", recording);
        const mebibytes = (size * count) / mebibyte;
        const sent = sum(recording.messages);
        const actions: Record<string, () => Promise<Sample>> = {
          [subject]: async () => perUnit(mebibytes, await pair.transfer(direction, size, count)),
          [bareWs]: async () => perUnit(mebibytes, await wsPair.resend(direction, sent)),
          [bareCrypto]: async () => perUnit(mebibytes, await measureCrypto(cryptoWorker)),
        };
        const samples = await interleave(
          Object.entries(actions).map(([name, action]) => ({ name, action })),
          effort.rounds,
          effort.warm,
          afterWarmUp(({ action }) => action()),
        );
        cells.push([
          `${direction}, writes of`,
          size,
          ...figures(samples, subject, effort.warm),
          recording.messages.length / mebibytes,
          recording.records.length / mebibytes,
        ]);
      }
    return [
      {
        id: "floor",
        title: "The floor under bulk data",
        note: [
          `CPU time (user and system) per MiB. ${subject}: both processes. ws alone: both processes of a pair that`,
          `replays the recorded messages of ${subject}. node:crypto alone: one process that seals and opens the`,
          `records of those messages. The ratio is the CPU time of ${subject} divided by the sum of the other two`,
          'columns; "from" and "to" are the middle half of the rounds.',
          `On ${machineName()}.`,
        ].join(" "),
        columns: [
          { name: "" },
          { name: "", unit: "bytes" },
          ...[subject, bareWs, bareCrypto].map((name) => ({ name, unit: " ms" })),
          { name: "ratio", unit: "x" },
          { name: "from", unit: "x" },
          { name: "to", unit: "x" },
          { name: "messages per MiB", digits: 1 },
          { name: "records per MiB", digits: 1 },
        ],
        cells,
      },
    ];
  } finally {
    for (const started of processes) started.stop();
  }
}

/** Records a transfer in a separate pair, so that the measured pair runs without the recorder. */
async function recordTransfer(
  subject: string,
  certificates: Identity,
  direction: Direction,
  size: number,
  count: number,
): Promise<Recording> {
  const pair = await Pair.start(subject, certificates);
  try {
    await pair.connect(1);
    const [sender] = pair.ends(direction);
    for (let i = 0; i < 2; i++) await pair.transfer(direction, size, count);
    await sender.call("startRecording");
    await pair.transfer(direction, size, count);
    const recording = await sender.call("stopRecording");
    if (sum(recording.records) !== size * count)
      throw new Error(`the recording has ${sum(recording.records)} of ${size * count} bytes: check floor/recording.ts`);
    return recording;
  } finally {
    pair.stop();
  }
}

async function measureCrypto(cryptoWorker: Worker): Promise<Sample> {
  await cryptoWorker.call("startCpuClock");
  const start = performance.now();
  await cryptoWorker.call("sealAndOpen");
  const wall = performance.now() - start;
  return { wall, client: await cryptoWorker.call("readCpuClock"), server: 0 };
}

/** The medians of the three costs, then the median and the quartiles of the ratios within a round. */
function figures(samples: ReadonlyMap<string, readonly Sample[]>, subject: string, warm: number): number[] {
  const costs = (name: string): number[] =>
    (samples.get(name) ?? []).slice(warm).map(({ client, server }) => client + server);
  const [subjectCosts, wsCosts, cryptoCosts] = [costs(subject), costs(bareWs), costs(bareCrypto)];
  const ratios = subjectCosts.map((cost, i) => cost / ((wsCosts[i] as number) + (cryptoCosts[i] as number)));
  const { median: ratio, from, to } = spreadOf(ratios);
  return [...[subjectCosts, wsCosts, cryptoCosts].map(median), ratio, from, to];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
