import type { KeyAlgorithm } from "@handclasp/testing";
import { ask } from "../ask.ts";
import type { ColdParams, ColdSample } from "../coldClient.ts";
import { Worker } from "../pair.ts";
import { median, quantile } from "../rounds.ts";
import { type Effort, type Grid, identity, reason } from "../scenarios.ts";

/** Of those that speak something else, what the server is. */
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

/** Import and first handshake of a client over TCP, each in a process of its own; the server, node:tls, stays. */
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
      // The servers warm up, and what cannot be measured is told.
      const failure = await sample(subject).then(() => undefined, reason);
      if (failure === undefined) running.push(subject);
      else missing.push([subject, `not measured: ${failure}`, "", "", "", "", ""]);
    }
    const all = ["nothing", ...running];
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
  const nothing = median((samples.get("nothing") ?? []).map(total));
  const reference = samples.get(base) ?? [];
  const rows = [...samples].filter(([subject]) => subject !== "nothing");
  return {
    id: `cold-${algorithm}`,
    title: `Cold client: import and first handshake, ${algorithm}`,
    note:
      "CPU time of a fresh process over TCP, from the start of the import to the end of the handshake; Node's own start lies before that. " +
      `From each sum ${nothing.toFixed(1)} ms are subtracted: the median of processes of the same round that import nothing and connect nowhere. The server is node:tls, and stays.`,
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
      ...rows.map(([subject, own]) => {
        const ratios = own.map((taken, i) => (total(taken) - nothing) / (total(reference[i] as ColdSample) - nothing));
        return [
          subject,
          median(own.map(total)) - nothing,
          median(own.map(({ imported }) => imported)),
          median(own.map(({ shaken }) => shaken)),
          median(ratios),
          quantile(ratios, 0.25),
          quantile(ratios, 0.75),
        ];
      }),
      ...missing,
    ],
  };
}

const total = ({ imported, shaken }: ColdSample): number => imported + shaken;
