import type { KeyAlgorithm } from "@handclasp/testing";
import { rowsOf } from "../rounds.ts";
import { type Effort, handshakeSamples, identityOf, type Table, withPairs } from "../scenarios.ts";

/** Compares resumed handshakes (by ticket) with full handshakes of the same run. */
export async function resumed(algorithm: KeyAlgorithm, effort: Effort): Promise<Table[]> {
  const subjects = ["Handclasp, resumed", "node:tls, resumed", "Handclasp", "node:tls", "raw ws"];
  return withPairs(
    subjects,
    await identityOf(algorithm),
    (pair) => pair.handshakes(3),
    async (pairs, missing) => {
      const samples = await handshakeSamples(pairs, effort);
      const table = (part: string, title: string, base: string, names: readonly string[]): Table => ({
        id: `resumed-${algorithm}${part}`,
        title: `${title}, ${algorithm}`,
        unit: "handshake",
        base,
        rows: [
          ...rowsOf(new Map([...samples].filter(([name]) => names.includes(name))), base, 1),
          ...missing.filter(({ subject }) => names.includes(subject)),
        ],
      });
      return [
        table("", "Resumed handshake", "node:tls, resumed", subjects),
        table("-of-full", "Handclasp's resumed and full handshake", "Handclasp", ["Handclasp, resumed", "Handclasp"]),
      ];
    },
    process.env.HANDCLASP_BENCH_ARGV?.split(" "),
  );
}
