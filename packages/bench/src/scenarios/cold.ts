import type { KeyAlgorithm } from "@handclasp/testing";
import { ask } from "../ask.ts";
import type { ColdParams, ColdSample } from "../coldClient.ts";
import { Worker } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identity, reason } from "../scenarios.ts";

/** The servers of the clients that need another version. */
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

/** Import and first handshake of a client over TCP, each in a new process. The server, node:tls, keeps running. */
export async function cold(
  algorithm: KeyAlgorithm,
  subjects: readonly string[],
  base: string,
  { rounds, warm }: Effort,
): Promise<Grid[]> {
  const who = await identity(algorithm);
  const workers = new Map<string, { worker: Worker; port: number }>();
  const portFor = async (subject: string): Promise<number> => {
    const name = servers[subject] ?? "node:tls, TCP";
    const running = workers.get(name);
    if (running) return running.port;
    const worker = new Worker(name);
    const { port } = await worker.call("serve", who);
    workers.set(name, { worker, port });
    return port;
  };
  const sample = async (subject: string): Promise<ColdSample> => {
    const params: ColdParams = { subject, ca: who.ca, port: await portFor(subject) };
    return ask<ColdSample>("coldClient", params);
  };
  try {
    const missing: string[][] = [];
    const running: string[] = [];
    for (const subject of subjects) {
      // This warms the servers up, and finds the subjects that cannot be measured.
      const failure = await sample(subject).then(() => undefined, reason);
      if (failure === undefined) running.push(subject);
      else missing.push([subject, `not measured: ${failure}`, "", "", "", "", ""]);
    }
    const all = ["noop", ...running];
    const samples = new Map<string, ColdSample[]>(all.map((name) => [name, []]));
    for (let round = 0; round < rounds + warm; round++)
      for (let i = 0; i < all.length; i++) {
        const subject = all[(i + round) % all.length] as string;
        const taken = await sample(subject);
        if (round >= warm) samples.get(subject)?.push(taken);
      }
    return [tableOf(algorithm, base, samples, missing)];
  } finally {
    for (const { worker } of workers.values()) worker.stop();
  }
}

function tableOf(
  algorithm: KeyAlgorithm,
  base: string,
  samples: ReadonlyMap<string, readonly ColdSample[]>,
  missing: readonly string[][],
): Grid {
  const overhead = median((samples.get("noop") ?? []).map(total));
  const reference = samples.get(base) ?? [];
  const rows = [...samples].filter(([subject]) => subject !== "noop");
  return {
    id: `cold-${algorithm}`,
    title: `Cold client: import and first handshake, ${algorithm}`,
    note:
      "CPU time of a fresh process over TCP, from the start of the import to the end of the handshake; " +
      "Node's own start is not included. " +
      `From each sum ${overhead.toFixed(1)} ms are subtracted: the median of processes that import nothing and ` +
      "do not connect. The server is node:tls and keeps running.",
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
      ...rows.map(([subject, taken]) => {
        const ratios = taken.map(
          (sample, i) => (total(sample) - overhead) / (total(reference[i] as ColdSample) - overhead),
        );
        return [
          subject,
          median(taken.map(total)) - overhead,
          median(taken.map(({ importTime }) => importTime)),
          median(taken.map(({ handshakeTime }) => handshakeTime)),
          median(ratios),
          quantile(ratios, 0.25),
          quantile(ratios, 0.75),
        ];
      }),
      ...missing,
    ],
  };
}

const total = ({ importTime, handshakeTime }: ColdSample): number => importTime + handshakeTime;
