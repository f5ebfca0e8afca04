import type { KeyAlgorithm } from "@handclasp/testing";
import { ask } from "../ask.ts";
import type { MemoryKind, MemoryParams, MemorySamples } from "../memory.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identity } from "../scenarios.ts";

/** Compares Handclasp's full and resumed handshakes over transports in memory. */
export async function memory(effort: Effort): Promise<Grid[]> {
  const rows = [...(await rowsFor("ecdsa-p256", effort)), ...(await rowsFor("rsa-2048", effort))];
  return [
    {
      id: "memory",
      title: "Handshakes over a pair of transports in memory",
      note:
        "CPU and time for one handshake, both ends in one process, node provider; ratios of CPU within a " +
        "round, with the middle half of the rounds.",
      columns: [
        { name: "" },
        { name: "time", digits: 3, unit: " ms" },
        { name: "CPU, both ends", digits: 3, unit: " ms" },
        { name: "CPU (full = 1)", unit: "x" },
        { name: "from", unit: "x" },
        { name: "to", unit: "x" },
      ],
      cells: rows,
    },
  ];
}

async function rowsFor(
  algorithm: KeyAlgorithm,
  { rounds, warmHandshakes, duration }: Effort,
): Promise<(string | number)[][]> {
  const count = Math.ceil(duration / 1.5);
  const warm = Math.ceil(warmHandshakes / count);
  const params: MemoryParams = {
    identity: await identity(algorithm),
    rounds: rounds + warm,
    count,
  };
  const samples = await ask<MemorySamples>("memory", params);
  const measured = (kind: MemoryKind) => samples[kind].slice(warm);
  const full = measured("full");
  return (["full", "resumed"] as const).map((kind) => {
    const counted = measured(kind);
    const ratios = counted.map(({ cpu }, i) => cpu / (full[i]?.cpu ?? Number.NaN));
    return [
      `Handclasp, ${kind}, ${algorithm}`,
      median(counted.map(({ wall }) => wall)),
      median(counted.map(({ cpu }) => cpu)),
      median(ratios),
      quantile(ratios, 0.25),
      quantile(ratios, 0.75),
    ];
  });
}
