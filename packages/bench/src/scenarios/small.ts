import { type Load, Pair } from "../pair.ts";
import { median } from "../rounds.ts";
import { type Effort, type Grid, identityOf, messageOf, withTimeout } from "../scenarios.ts";

export const smallSubjects = ["Handclasp", "node:tls", "raw ws"];

const messageSize = 200;
/** Messages that each connection sends in a second. */
const rates = [1, 10];

/** The server's CPU time for a message in µs, of each round: `received` only, or `answered` too. */
interface Costs {
  readonly received: number[];
  readonly answered: number[];
}

/**
 * Measures the server's CPU time for a small message, with many connections that each send a little. Bulk data says
 * nothing about it: there, one record and one read of a socket carry kilobytes.
 */
export async function small(
  subjects: readonly string[],
  connections: number,
  { rounds, duration }: Effort,
): Promise<Grid[]> {
  const certificates = await identityOf("ecdsa-p256");
  const seconds = Math.ceil(duration / 50);
  const times = Math.min(rounds, 3);
  const cells: (string | number)[][] = [];
  for (const subject of subjects) {
    try {
      const costs = await measure(await Pair.start(subject, certificates), connections, seconds, times);
      for (const [rate, { received, answered }] of costs)
        cells.push([subject, rate, rate * connections, median(received), median(answered)]);
    } catch (error) {
      cells.push([subject, `not measured: ${messageOf(error)}`, "", "", ""]);
    }
  }
  return [
    {
      id: "small",
      title: "Small messages on many connections",
      note:
        `${connections.toLocaleString("en")} connections over ws, each of which sends messages of ${messageSize} B. ` +
        "The time is the CPU time of the server's process, divided by the number of messages that it received.",
      columns: [
        { name: "" },
        { name: "messages a second of each connection", digits: 0 },
        { name: "of all", digits: 0 },
        { name: "CPU, received", digits: 0, unit: " µs" },
        { name: "CPU, received and answered", digits: 0, unit: " µs" },
      ],
      cells,
    },
  ];
}

async function measure(
  pair: Pair,
  connections: number,
  seconds: number,
  times: number,
): Promise<ReadonlyMap<number, Costs>> {
  const costs = new Map<number, Costs>(rates.map((rate) => [rate, { received: [], answered: [] }]));
  const costOf = async (load: Load): Promise<number> => {
    // The client may need longer than `seconds`, if the machine cannot send that much.
    const { server } = await withTimeout(60_000 + 10_000 * load.seconds, pair.trickle(load));
    return (server * 1000) / (connections * load.rate * load.seconds);
  };
  try {
    await withTimeout(120_000, pair.connect(connections, 0, 20));
    // Without figures, so that V8 compiles and optimises the code.
    await costOf({ size: messageSize, rate: Math.max(...rates), seconds, answered: true });
    for (let round = 0; round < times; round++)
      for (const [rate, { received, answered }] of costs) {
        received.push(await costOf({ size: messageSize, rate, seconds, answered: false }));
        answered.push(await costOf({ size: messageSize, rate, seconds, answered: true }));
      }
    return costs;
  } finally {
    pair.stop();
  }
}
