/**
 * `pnpm soak`: connections for a long time, under the faults of operation.
 * @module
 */
import { loadavg } from "node:os";
import { numbersOf } from "../arguments.ts";
import type { Rest } from "./protocol.ts";
import { faultsOf, runSoak } from "./run.ts";

const usage = `pnpm soak [--seconds N] [--connections N]: connections open, echo data of random sizes and close, 1,000
at a time, on 3 servers with a Redis. 5 % are killed, certificates and ticket keys are replaced, a server is drained and
restarted, Redis is killed and comes back. FAIL: a reader that saw the clean end does not have every byte of the other
side's resolved writes; a connection, socket or timer is left; a heap has grown by more than 10 %; fewer than 99 % of
the sessions of other processes are resumed while Redis is up; a connection fails that was not killed; or something of
this did not happen.`;

const { seconds, connections } = numbersOf(usage, { seconds: 600, connections: 1_000 });
// Servers, clients and Redis end with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const started = performance.now();
const log = (line: string): void => console.log(`${((performance.now() - started) / 1_000).toFixed(0)} s: ${line}`);
console.log(`load of the machine before: ${(loadavg()[0] as number).toFixed(1)}`);
const report = await runSoak({
  seconds,
  connections,
  pause: Math.min(1_000, 10 * seconds),
  log,
});
const { counts, compared, withoutServer, rests, rotations, redisErrors } = report;
console.log(`${counts.connections} connections, at most ${counts.mostOpen} at a time, ${counts.killed} killed`);
console.log(
  `${(counts.bytes / 2 ** 20).toFixed(0)} MiB came back; ${compared} clean ends were compared, ` +
    `${withoutServer} with a server that had read and written nothing`,
);
console.log(
  `while Redis was up, ${counts.resumedTickets} of ${counts.offeredTickets} tickets and ${counts.resumedIds} of ` +
    `${counts.offeredIds} session IDs of other processes were resumed`,
);
console.log(`${rotations} ticket keys were made; ${redisErrors} calls of Redis failed`);
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const show = ({ heap, code, external, timers }: Rest): string =>
  `heap ${mib(heap)} MiB (${mib(code)} of it code), outside it ${mib(external)} MiB, ${timers} timers`;
for (const [name, [before, after]] of Object.entries(rests)) {
  console.log(`${name} before: ${show(before)}`);
  console.log(`${name} after: ${show(after)}; ${JSON.stringify(after.resources)}`);
}
const faults = [...faultsOf(report, { growth: 1.1, tickets: 0.99, ids: 0.99 })];
if (counts.mostOpen < 0.9 * connections) faults.push(`at most ${counts.mostOpen} connections were open at a time`);
for (const fault of faults.slice(0, 20)) console.log(fault);
console.log(faults.length ? `FAIL: ${faults.length}` : "ok");
process.exit(faults.length ? 1 : 0);
