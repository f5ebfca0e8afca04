/**
 * A client's first connection: imports one stack, shakes hands once over TCP, and prints the CPU time that each took.
 * Nothing is imported before the clock runs that a stack could make use of, and there is no IPC channel, which would bring node:net along.
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
  readonly imported: number;
  readonly shaken: number;
}

const clients: Readonly<Record<string, () => Promise<{ readonly handshake: Handshake }>>> = {
  nothing: () => import("./cold/nothing.ts"),
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

const since = (start: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

const start = process.cpuUsage();
const { handshake } = await load();
const imported = since(start);
await handshake(ca, port);
const shaken = since(start) - imported;
writeSync(1, JSON.stringify({ imported, shaken } satisfies ColdSample));
process.exit();
