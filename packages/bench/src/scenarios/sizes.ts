import { bulk, type Effort, type Grid } from "../scenarios.ts";

const sizes = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

/** Measures the throughput for each size of writes, in one direction. */
export async function sizesOf(
  subjects: readonly string[],
  base: string,
  direction: "down" | "up",
  effort: Effort,
): Promise<Grid[]> {
  const tables = await bulk(subjects, base, direction, sizes, effort);
  const rowOf = (i: number, name: string) => tables[i]?.rows.find(({ subject }) => subject === name);
  const figures = (i: number, name: string): (number | string)[] => {
    const row = rowOf(i, name);
    if (!row) return ["", "", ""];
    return "speed" in row ? [1000 / row.wall, row.speed, row.cpuRatio] : [`not measured: ${row.note}`, "", ""];
  };
  return [
    {
      id: `sizes-${direction}`,
      title: `Sizes of writes, ${direction}`,
      note:
        "Throughput over one connection, and the ratios of the speed and of the CPU time of both sides " +
        `(${base} = 1).`,
      columns: [
        { name: "writes of", unit: "bytes" },
        ...subjects.flatMap((name) => [
          { name, digits: 1, unit: " MiB/s" },
          { name: "speed", unit: "x" },
          { name: "CPU", unit: "x" },
        ]),
      ],
      cells: sizes.map((size, i) => [size, ...subjects.flatMap((name) => figures(i, name))]),
    },
  ];
}
