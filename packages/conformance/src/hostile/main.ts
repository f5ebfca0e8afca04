/**
 * `pnpm hostile`: raw peers against Handclasp, one after the other, and what each of them cost.
 * @module
 */
import { carryOut, type Finding, held, KiB, makeMaterial, type Outcome } from "./attack.ts";
import { attacks } from "./attacks/all.ts";

const usage = `pnpm hostile [--short] [WORDS]: raw clients and servers against Handclasp, over TCP and WebSocket.
WORDS choose the attacks whose group or name has them. --short leaves out what takes long.
Each line says what an attack cost the victim's process: the longest stall of its event loop, CPU, heap beyond what was
there before, active handles; and what was found against a limit. FAIL: a limit was exceeded.`;

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(usage);
  process.exit();
}
const short = args.includes("--short");
const words = args.filter((arg) => !arg.startsWith("--")).join(" ");
const material = await makeMaterial();

let failed = 0;
let run = 0;
for (const [group, all] of Object.entries(attacks)) {
  for (const attack of all) {
    if (!`${group}: ${attack.name}`.includes(words) || (short && attack.long)) continue;
    const outcome = await carryOut(attack, material, short);
    run++;
    if (isBad(outcome)) failed++;
    console.log(line(group, outcome));
  }
}
console.log(`${run} attacks, ${failed} failed`);
process.exitCode = failed || !run ? 1 : 0;

function isBad({ findings }: Outcome): boolean {
  return findings.some(exceeds);
}

function exceeds({ got, most }: Finding): boolean {
  return !(got <= most);
}

function line(group: string, outcome: Outcome): string {
  const { name, costs, findings, broke } = outcome;
  const cost = costs
    ? `stall ${number(costs.stall)} ms (CPU at most ${number(costs.stallCpu)} in one), CPU ${number(costs.cpu)} ms, ` +
      `memory ${number(held(costs) / KiB)} KiB, sockets ${costs.sockets}, handles ${costs.handles}`
    : "no costs";
  const said = findings.filter((finding) => finding.kind === "time" || finding.most > 0 || exceeds(finding));
  const parts = [cost, ...said.map(show), ...(broke === undefined ? [] : [broke.replace(/\s+/g, " ").slice(0, 300)])];
  return `${isBad(outcome) ? "FAIL" : "ok  "} ${group}: ${name}: ${parts.join("; ")}`;
}

function show(finding: Finding): string {
  const { what, got, most } = finding;
  const limit = Number.isFinite(most) ? ` (at most ${number(most)}${exceeds(finding) ? ", EXCEEDED" : ""})` : "";
  return `${what} ${number(got)}${limit}`;
}

function number(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2);
}
