/**
 * `pnpm flood`: a flood from one address against a server with the default limits.
 * @module
 */
import { loadavg } from "node:os";
import { numbersOf } from "../arguments.ts";
import type { FloodRates } from "./protocol.ts";
import { type Delays, runFlood } from "./run.ts";

const usage = `pnpm flood [--seconds N]: each second, 200 half-open connections, 50 full handshakes, 5 messages of 1 MB
of 1-byte records and 5 certificates that are expensive to process, all from one address, against a server with the
default limits. Half-open connections fill the places of their address, so that most of the others are refused: a second
flood is without them. The server and the attacker have a core each. FAIL: the echo of an open connection takes more
than 3 times as long as without the flood (p50) or more than 75 ms (p99), or a handshake from another address takes more
than 2 s.`;

const rates: FloodRates = { halfOpen: 200, handshakes: 50, messages: 5, bombs: 5 };
const handshakes = 100;
const [mostTimes, mostP99] = [3, 75];

const { seconds } = numbersOf(usage, { seconds: 20 });
const ms = (value: number): string => `${value.toFixed(2)} ms`;
const show = ({ count, p50, p99, most }: Delays): string =>
  `p50 ${ms(p50)}, p99 ${ms(p99)}, longest ${ms(most)} (${count} echoes)`;

/** Runs a flood, prints its figures, and returns whether they are good. */
async function flood(what: string, chosen: FloodRates): Promise<boolean> {
  console.log(`${what}; load of the machine before: ${(loadavg()[0] as number).toFixed(1)}`);
  const report = await runFlood({ seconds, rates: chosen, handshakes, patience: 2_000 });
  const { idle, flooded, done, longest, load, serverCpu, isPinned } = report;
  if (!isPinned) console.log("the processes are not pinned");
  console.log(`echo, idle: ${show(idle)}`);
  console.log(`echo, flooded: ${show(flooded)}`);
  console.log(`p50 is ${(flooded.p50 / idle.p50).toFixed(2)} times as long`);
  console.log(`handshakes from another address: ${done} of ${handshakes} in time, the longest took ${ms(longest)}`);
  console.log(`the server took ${(100 * serverCpu).toFixed(0)} % of a core`);
  for (const [name, { begun, refused }] of Object.entries(load))
    if (begun) console.log(`${name}: ${begun} begun, ${refused} refused`);
  const times = flooded.p50 / idle.p50;
  const faults = [
    times > mostTimes && `p50 is ${times.toFixed(1)} times as long, at most ${mostTimes} are allowed`,
    flooded.p99 > mostP99 && `p99 is ${ms(flooded.p99)}, at most ${mostP99} are allowed`,
    done < handshakes && `${handshakes - done} handshakes from another address took longer than 2 s`,
    // Half-open connections take the places of the others.
    !chosen.halfOpen && Object.values(load).some(({ refused }) => refused > 0) && "a part of the load was refused",
  ].filter((fault) => fault !== false);
  for (const fault of faults) console.log(`FAIL: ${fault}`);
  return faults.length === 0;
}

const results = [await flood("all", rates), await flood("without half-open connections", { ...rates, halfOpen: 0 })];
const isGood = results.every(Boolean);
console.log(isGood ? "ok" : "FAIL. Other programs on this machine make it slower: see its load above");
process.exit(isGood ? 0 : 1);
