import type { KeyAlgorithm } from "@handclasp/testing";
import { rowsOf } from "../rounds.ts";
import { type Effort, handshakeSamples, identityOf, type Table, withPairs } from "../scenarios.ts";

const base = "Handclasp, TCP";

/**
 * The cost of the events of a server in full handshakes: with the metrics of prom-client, and without a listener. The
 * differences are small, so that there are more and longer rounds, and the subject without a listener is measured
 * twice: how far the second one is from the first is chance.
 */
export async function observed(algorithm: KeyAlgorithm, usual: Effort): Promise<Table[]> {
  const effort = { ...usual, rounds: 3 * usual.rounds, duration: 3 * usual.duration };
  return withPairs(
    [base, "Handclasp, TCP, again", "Handclasp, TCP, observed"],
    await identityOf(algorithm),
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
