/**
 * Measures handshakes without the cost of a network transport: both ends of Handclasp are in this process, over a pair
 * of transports in memory. Prints the cost of each round's handshakes as JSON.
 * @module
 */

import { connect } from "@handclasp/core/client";
import { parsePemCertificates } from "@handclasp/core/unstable";

import {
  certificateCache,
  createServer,
  keepSessions,
  nodeCredential,
  nodeCrypto,
  type TlsConnection,
} from "@handclasp/node";
import { memoryPair } from "@handclasp/testing";
import { admission } from "./admission.ts";
import { type Identity, notResumedError } from "./subjects/subject.ts";

export interface MemoryParams {
  readonly identity: Identity;
  readonly rounds: number;
  readonly count: number;
}

/** The mean cost of a handshake in ms. `cpu` is the CPU time of both ends together. */
export interface MemorySample {
  readonly wall: number;
  readonly cpu: number;
}

export type MemoryKind = "full" | "resumed";

export type MemorySamples = Readonly<Record<MemoryKind, readonly MemorySample[]>>;

const { identity, rounds, count } = JSON.parse(process.argv[2] as string) as MemoryParams;
const { cert, key } = identity;
const ends: TlsConnection[] = [];
const server = createServer({ credentials: [nodeCredential({ cert, key })], admission }, (connection) => {
  ends.push(connection);
});
const common = {
  provider: nodeCrypto,
  certificateCache: certificateCache(),
  ca: parsePemCertificates(identity.ca),
  serverName: "localhost",
};
const sessions = keepSessions();

async function open(kind: MemoryKind): Promise<void> {
  const { a, b } = memoryPair();
  const accepted = server.accept(b);
  const options = kind === "resumed" ? { ...common, sessions } : common;
  const [connection] = await Promise.all([connect(a, options), accepted.opened]);
  ends.push(connection);
  // The first connection with `sessions` has no session to resume.
  if (kind === "resumed" && hasSession && !connection.session?.resumed) throw notResumedError();
}

/** Closes every connection by close_notify, untimed. After a fatal alert, the client would forget its session. */
const closeAll = async (): Promise<void> => {
  await Promise.all(ends.splice(0).map((connection) => connection.close()));
};

async function sample(kind: MemoryKind): Promise<MemorySample> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < count; i++) await open(kind);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  await closeAll();
  return { wall: wall / count, cpu: (user + system) / 1000 / count };
}

let hasSession = false;
await open("resumed");
hasSession = true;
await closeAll();

const samples: Record<MemoryKind, MemorySample[]> = { full: [], resumed: [] };
for (let round = 0; round < rounds; round++) {
  const kinds: readonly MemoryKind[] = round % 2 ? ["full", "resumed"] : ["resumed", "full"];
  for (const kind of kinds) samples[kind].push(await sample(kind));
}
console.log(JSON.stringify(samples satisfies MemorySamples));
process.exit();
