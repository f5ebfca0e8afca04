import type { KeyAlgorithm } from "@handclasp/testing";
import { rowsOf } from "../rounds.ts";
import { createIdentity, type Effort, handshakeSamples, type Table, withPairs } from "../scenarios.ts";

const base = "Handclasp, TCP";

/** The cost of the events of a server in full handshakes: with the metrics of prom-client, and without a listener. */
export async function observed(algorithm: KeyAlgorithm, effort: Effort): Promise<Table[]> {
  return withPairs(
    [base, "Handclasp, TCP, observed"],
    await createIdentity(algorithm),
    (pair) => pair.handshakes(3),
    async (pairs, missing) => [
      {
        id: `observed-${algorithm}`,
        title: `Full handshake with and without metrics, ${algorithm}`,
        unit: "handshake",
        base,
        rows: [...rowsOf(await handshakeSamples(pairs, effort), base, 1), ...missing],
      },
    ],
  );
}
