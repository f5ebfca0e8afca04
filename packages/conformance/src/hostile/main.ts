/**
 * `pnpm hostile`: runs raw peers against Handclasp, one after another, and reports the costs of each attack.
 * @module
 */
import { type Finding, heldBytes, KiB, makeMaterial, type Outcome, runAttack } from "./attack.ts";
import { attacks } from "./attacks/all.ts";

const usage = `pnpm hostile [--short] [WORDS]: raw clients and servers against Handclasp, over TCP and WebSocket.
WORDS select the attacks whose group or name contains them. --short skips the attacks that take long, and shortens
others. Each line has the costs of an attack for the victim's process: the longest stall of its event loop, its CPU
time, the growth of its memory, its sockets and its active handles. Then come the measured values with
their limits. FAIL: a value exceeds its limit.`;

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(usage);
  process.exit();
}
const short = args.includes("--short");
const words = args.filter((arg) => !arg.startsWith("--")).join(" ");
const material = await makeMaterial();

let failed = 0;
let runs = 0;
for (const [group, all] of Object.entries(attacks)) {
  for (const attack of all) {
    if (!`${group}: ${attack.name}`.includes(words) || (short && attack.long)) continue;
    const outcome = await runAttack(attack, material, short);
    runs++;
    if (isBad(outcome)) failed++;
    console.log(line(group, outcome));
  }
}
console.log(`${runs} attacks, ${failed} failed`);
process.exitCode = failed || !runs ? 1 : 0;

function isBad({ findings }: Outcome): boolean {
  return findings.some(exceeds);
}

function exceeds({ got, most }: Finding): boolean {
  return !(got <= most);
}

function line(group: string, outcome: Outcome): string {
  const { name, costs, findings, failure } = outcome;
  const cost = costs
    ? `stall ${number(costs.stall)} ms (at most ${number(costs.stallCpu)} ms of CPU in one), ` +
      `CPU ${number(costs.cpu)} ms, ` +
      `memory ${number(heldBytes(costs) / KiB)} KiB, sockets ${costs.sockets}, handles ${costs.handles}`
    : "no costs";
  const reported = findings.filter((finding) => finding.kind === "time" || finding.most > 0 || exceeds(finding));
  const parts = [
    cost,
    ...reported.map(show),
    ...(failure === undefined ? [] : [failure.replace(/\s+/g, " ").slice(0, 300)]),
  ];
  return `${isBad(outcome) ? "FAIL" : "ok  "} ${group}: ${name}: ${parts.join("; ")}`;
}

function show(finding: Finding): string {
  const { what, got, most } = finding;
  const limitText = Number.isFinite(most) ? ` (at most ${number(most)}${exceeds(finding) ? ", EXCEEDED" : ""})` : "";
  return `${what} ${number(got)}${limitText}`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2);
}
