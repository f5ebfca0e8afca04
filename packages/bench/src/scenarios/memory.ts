import type { KeyAlgorithm } from "@handclasp/testing";
import type { MemoryKind, MemoryParams, MemorySamples } from "../memory.ts";
import { median, quantile } from "../rounds.ts";
import { runScript } from "../runScript.ts";
import { type Effort, type Grid, identityOf } from "../scenarios.ts";

/** Compares Handclasp's resumed handshakes with its full ones, without a network transport. */
export async function memory(effort: Effort): Promise<Grid[]> {
  const rows = [...(await rowsFor("ecdsa-p256", effort)), ...(await rowsFor("rsa-2048", effort))];
  return [
    {
      id: "memory",
      title: "Handshakes over a pair of transports in memory",
      note:
        "CPU time and wall time of one handshake with `nodeCrypto`, both ends in one process. The ratio of the CPU " +
        'times is the median of the ratios within a round; "from" and "to" are the middle half of these ratios.',
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
    identity: await identityOf(algorithm),
    rounds: rounds + warm,
    count,
  };
  const samples = await runScript<MemorySamples>("memory", params);
  const warmed = (kind: MemoryKind) => samples[kind].slice(warm);
  const full = warmed("full");
  return (["full", "resumed"] as const).map((kind) => {
    const samplesOfKind = warmed(kind);
    const ratios = samplesOfKind.map(({ cpu }, i) => cpu / (full[i]?.cpu ?? Number.NaN));
    return [
      `Handclasp, ${kind}, ${algorithm}`,
      median(samplesOfKind.map(({ wall }) => wall)),
      median(samplesOfKind.map(({ cpu }) => cpu)),
      median(ratios),
      quantile(ratios, 0.25),
      quantile(ratios, 0.75),
    ];
  });
}
