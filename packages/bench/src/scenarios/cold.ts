import type { KeyAlgorithm } from "@handclasp/testing";
import type { ColdParams, ColdSample } from "../coldClient.ts";
import { Worker } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { runScript } from "../runScript.ts";
import { type Effort, type Grid, identityOf, messageOf } from "../scenarios.ts";

/** The servers of the clients that do not support TLS 1.2. */
const servers: Readonly<Record<string, string>> = {
  "subtls (TLS 1.3)": "node:tls 1.3, TCP",
  "node-forge (TLS 1.1)": "node:tls 1.1, TCP",
};

export const coldSubjects = [
  "Handclasp",
  "Handclasp, noble",
  "node:tls",
  "lemon-tls",
  "@reclaimprotocol/tls",
  "subtls (TLS 1.3)",
  "node-forge (TLS 1.1)",
];

/**
 * Measures the import and the first handshake of a client over TCP. Each client is a new process. The server, node:tls,
 * keeps running.
 */
export async function cold(
  algorithm: KeyAlgorithm,
  subjects: readonly string[],
  base: string,
  { rounds, warm }: Effort,
): Promise<Grid[]> {
  const certificates = await identityOf(algorithm);
  const workers = new Map<string, { worker: Worker; port: number }>();
  const portFor = async (subject: string): Promise<number> => {
    const name = servers[subject] ?? "node:tls, TCP";
    const running = workers.get(name);
    if (running) return running.port;
    const worker = new Worker(name);
    const { port } = await worker.call("serve", certificates);
    workers.set(name, { worker, port });
    return port;
  };
  const sample = async (subject: string): Promise<ColdSample> => {
    const params: ColdParams = { subject, ca: certificates.ca, port: await portFor(subject) };
    return runScript<ColdSample>("coldClient", params);
  };
  try {
    const notMeasured: string[][] = [];
    const measurable: string[] = [];
    for (const subject of subjects) {
      // This trial also warms up the servers.
      const failure = await sample(subject).then(() => undefined, messageOf);
      if (failure === undefined) measurable.push(subject);
      else notMeasured.push([subject, `not measured: ${failure}`, "", "", "", "", ""]);
    }
    const all = ["baseline", ...measurable];
    const samples = new Map<string, ColdSample[]>(all.map((name) => [name, []]));
    for (let round = 0; round < rounds + warm; round++)
      for (let i = 0; i < all.length; i++) {
        const subject = all[(i + round) % all.length] as string;
        const measured = await sample(subject);
        if (round >= warm) samples.get(subject)?.push(measured);
      }
    return [tableOf(algorithm, base, samples, notMeasured)];
  } finally {
    for (const { worker } of workers.values()) worker.stop();
  }
}

function tableOf(
  algorithm: KeyAlgorithm,
  base: string,
  samples: ReadonlyMap<string, readonly ColdSample[]>,
  notMeasured: readonly string[][],
): Grid {
  const baseline = median((samples.get("baseline") ?? []).map(total));
  const reference = samples.get(base) ?? [];
  const rows = [...samples].filter(([subject]) => subject !== "baseline");
  return {
    id: `cold-${algorithm}`,
    title: `Cold client: import and first handshake, ${algorithm}`,
    note:
      "CPU time of a new client process over TCP, from the start of the import to the end of the handshake. The " +
      `start of Node does not count. ${baseline.toFixed(1)} ms are subtracted from each sum: the median CPU time of ` +
      "processes of the same rounds that import no TLS stack and do not connect. The server, node:tls, keeps running.",
    columns: [
      { name: "" },
      { name: "CPU, import and handshake", digits: 1, unit: " ms" },
      { name: "import", digits: 1, unit: " ms" },
      { name: "first handshake", digits: 1, unit: " ms" },
      { name: `CPU (${base} = 1)`, unit: "x" },
      { name: "from", unit: "x" },
      { name: "to", unit: "x" },
    ],
    cells: [
      ...rows.map(([subject, subjectSamples]) => {
        const ratios = subjectSamples.map(
          (sample, i) => (total(sample) - baseline) / (total(reference[i] as ColdSample) - baseline),
        );
        return [
          subject,
          median(subjectSamples.map(total)) - baseline,
          median(subjectSamples.map(({ importing }) => importing)),
          median(subjectSamples.map(({ handshaking }) => handshaking)),
          median(ratios),
          quantile(ratios, 0.25),
          quantile(ratios, 0.75),
        ];
      }),
      ...notMeasured,
    ],
  };
}

const total = ({ importing, handshaking }: ColdSample): number => importing + handshaking;
