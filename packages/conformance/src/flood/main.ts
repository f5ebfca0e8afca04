/**
 * `pnpm flood`: a flood from one address against a server with the default limits.
 * @module
 */
import { loadavg } from "node:os";
import type { FloodRates } from "./protocol.ts";
import { type Delays, runFlood } from "./run.ts";

const usage = `pnpm flood [--seconds N]: each second, 200 half-open connections, 50 full handshakes, 5 messages of 1 MB
of 1-byte records and 5 certificates that are expensive to process, all from one address, against a server with the
default limits. The server and the attacker have a core each. FAIL: the echo of an open connection takes more than 3
times as long as without the flood (p50) or more than 75 ms (p99), or a handshake from another address takes more than
2 s.`;

const rates: FloodRates = { halfOpen: 200, handshakes: 50, messages: 5, bombs: 5 };
const handshakes = 100;
const [mostTimes, mostP99] = [3, 75];

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(usage);
  process.exit();
}
const at = args.indexOf("--seconds");
const seconds = at < 0 ? 20 : Number(args[at + 1]);
const loadBefore = loadavg()[0] as number;
const report = await runFlood({ seconds, rates, handshakes, patience: 2_000 });
const { idle, flooded, done, longest, load, serverCpu, isPinned } = report;

const ms = (value: number): string => `${value.toFixed(2)} ms`;
const show = ({ count, p50, p99, most }: Delays): string =>
  `p50 ${ms(p50)}, p99 ${ms(p99)}, longest ${ms(most)} (${count} echoes)`;
console.log(`load of the machine before: ${loadBefore.toFixed(1)}${isPinned ? "" : "; the processes are not pinned"}`);
console.log(`echo, idle: ${show(idle)}`);
console.log(`echo, flooded: ${show(flooded)}`);
console.log(`p50 is ${(flooded.p50 / idle.p50).toFixed(2)} times as long`);
console.log(`handshakes from another address: ${done} of ${handshakes} in time, the longest took ${ms(longest)}`);
console.log(`the server took ${(100 * serverCpu).toFixed(0)} % of a core`);
for (const [name, { begun, refused }] of Object.entries(load))
  console.log(`${name}: ${begun} begun, ${refused} refused`);
const isBad = flooded.p50 > mostTimes * idle.p50 || flooded.p99 > mostP99 || done < handshakes;
console.log(isBad ? "FAIL" : "ok");
process.exit(isBad ? 1 : 0);
