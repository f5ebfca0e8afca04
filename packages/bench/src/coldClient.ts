/**
 * A client's first connection: imports one TLS stack, performs one handshake over TCP, and prints the CPU times of both
 * as JSON. Before the clock starts, the process imports only node:fs, which Node.js loads at its own start. The
 * process has no IPC channel, because an IPC channel would load node:net.
 * @module
 */
import { writeSync } from "node:fs";
import type { Handshake } from "./cold/handshake.ts";

export interface ColdParams {
  readonly subject: string;
  readonly ca: string;
  readonly port: number;
}

/** CPU time in ms. */
export interface ColdSample {
  readonly importing: number;
  readonly handshaking: number;
}

const clients: Readonly<Record<string, () => Promise<{ readonly handshake: Handshake }>>> = {
  baseline: () => import("./cold/baseline.ts"),
  Handclasp: () => import("./cold/handclasp.ts"),
  "Handclasp, noble": () => import("./cold/handclaspNoble.ts"),
  "node:tls": () => import("./cold/nodeTls.ts"),
  "lemon-tls": () => import("./cold/lemonTls.ts"),
  "@reclaimprotocol/tls": () => import("./cold/reclaim.ts"),
  "subtls (TLS 1.3)": () => import("./cold/subtls.ts"),
  "node-forge (TLS 1.1)": () => import("./cold/forge.ts"),
};

const { subject, ca, port } = JSON.parse(process.argv[2] as string) as ColdParams;
const load = clients[subject];
if (!load) throw new Error(`no cold client "${subject}"`);

const cpuSince = (start: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

const start = process.cpuUsage();
const { handshake } = await load();
const importing = cpuSince(start);
await handshake(ca, port);
const handshaking = cpuSince(start) - importing;
writeSync(1, JSON.stringify({ importing, handshaking } satisfies ColdSample));
process.exit();
