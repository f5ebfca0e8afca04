import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { machineName } from "../machine.ts";
import { type Direction, Pair } from "../pair.ts";
import { type Sample, type Spread, spreadOf, verdictOf } from "../rounds.ts";
import {
  bulkSamples,
  type Effort,
  formatBytes,
  type Grid,
  handshakeSamples,
  identityOf,
  writesFor,
} from "../scenarios.ts";
import { entryOf } from "../subjects/worktree.ts";

/** The worktree in which this file was built. */
const here = fileURLToPath(new URL("../../..", import.meta.url));
const names = ["old", "new"] as const;

/** Compares the build of another worktree with the build of this one, round by round. */
export async function versus(old: string, sizes: readonly number[], effort: Effort): Promise<Grid[]> {
  const worktrees = { old, new: here };
  for (const worktree of Object.values(worktrees)) await access(entryOf(worktree)).catch(notBuilt(worktree));
  const certificates = await identityOf("ecdsa-p256");
  const commits = await Promise.all(names.map((name) => commitOf(worktrees[name])));
  const note = [
    `Old is ${commits[0]}, new is ${commits[1]}, ${effort.rounds} alternating rounds over ws on ${machineName()}.`,
    "A figure is the median of its rounds, followed by their quartiles. Lower is better.",
    "The ratio compares the medians.",
    'The verdict is "worse" or "better" if the quartile ranges do not overlap and the medians differ by more than 3 %.',
  ].join(" ");
  const withBoth = async <T>(kind: "full" | "resumed", action: (pairs: readonly Pair[]) => Promise<T>): Promise<T> => {
    const pairs: Pair[] = [];
    try {
      for (const name of names)
        pairs.push(
          await Pair.start(name, certificates, process.env.HANDCLASP_BENCH_ARGV?.split(" "), [kind, worktrees[name]]),
        );
      return await action(pairs);
    } finally {
      for (const pair of pairs) pair.stop();
    }
  };
  const table = (id: string, title: string, cells: readonly Cells[]): Grid => ({
    id: `versus-${id}`,
    title: `Old against new, ${title}`,
    note,
    columns: [
      { name: "" },
      { name: "" },
      ...names.flatMap((name) => [{ name, digits: 3, unit: " ms" }, { name: "from – to" }]),
      { name: "new / old", unit: "x" },
      { name: "verdict" },
    ],
    cells,
  });

  const grids: Grid[] = [];
  for (const direction of ["down", "up"] as const) {
    const cells = await withBoth("full", (pairs) => bulkCells(pairs, direction, sizes, effort));
    grids.push(table(direction, `one MiB ${direction}`, cells));
  }
  const cells: Cells[] = [];
  for (const kind of ["full", "resumed"] as const) {
    const samples = await withBoth(kind, (pairs) => handshakeSamples(pairs, effort));
    for (const end of ["server", "client"] as const)
      cells.push(compare(`${kind} handshake`, `CPU of the ${end}`, samples, 1, (sample) => sample[end]));
  }
  grids.push(table("handshake", "handshakes with ECDSA", cells));
  return grids;
}

type Cells = readonly (string | number)[];

async function bulkCells(
  pairs: readonly Pair[],
  direction: Direction,
  sizes: readonly number[],
  effort: Effort,
): Promise<Cells[]> {
  for (const pair of pairs) await pair.connect(1);
  const cells: Cells[] = [];
  for (const size of sizes) {
    // Both pairs use the same count: on a busy machine, the trial of one pair may take much longer than the other's.
    let count = 0;
    for (const pair of pairs) count = Math.max(count, await writesFor(pair, direction, size, effort.duration));
    const counts = new Map(pairs.map(({ name }) => [name, count]));
    const samples = await bulkSamples(pairs, direction, size, counts, effort);
    const what = `writes of ${formatBytes(size)}`;
    cells.push(
      compare(what, "time", samples, effort.warm, ({ wall }) => wall),
      compare(what, "CPU of both ends", samples, effort.warm, ({ client, server }) => client + server),
    );
  }
  return cells;
}

function compare(
  what: string,
  cost: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  warm: number,
  pick: (sample: Sample) => number,
): Cells {
  const [before, after] = names.map((name) => {
    return spreadOf((samples.get(name) ?? []).slice(warm).map(pick));
  }) as [Spread, Spread];
  const figures = [before, after].flatMap((spread) => [
    spread.median,
    `${spread.from.toFixed(3)} – ${spread.to.toFixed(3)}`,
  ]);
  return [what, cost, ...figures, after.median / before.median, verdictOf(before, after)];
}

const notBuilt = (worktree: string) => (): never => {
  throw new Error(`${worktree} has no packages/node/dist: build that worktree first (pnpm build)`);
};

/** The commit of a worktree, or "a build without git" if git fails there. */
async function commitOf(worktree: string): Promise<string> {
  const git = promisify(execFile)("git", ["-C", worktree, "describe", "--always", "--dirty", "--exclude=*"]);
  return git.then(
    ({ stdout }) => `commit ${stdout.trim()}`,
    () => "a build without git",
  );
}
