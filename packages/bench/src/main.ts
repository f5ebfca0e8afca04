/**
 * `pnpm bench` measures the figures of docs/performance.md.
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pageScenarios } from "./browser/scenarios.ts";
import { format } from "./report.ts";
import { saveResults } from "./results.ts";
import { cold, coldSubjects } from "./scenarios/cold.ts";
import { floor } from "./scenarios/floor.ts";
import { growth, growthSubjects } from "./scenarios/growth.ts";
import { idle, idleSubjects } from "./scenarios/idle.ts";
import { memory } from "./scenarios/memory.ts";
import { observed } from "./scenarios/observed.ts";
import { resumed } from "./scenarios/resumed.ts";
import { sizesOf } from "./scenarios/sizes.ts";
import { small, smallSubjects } from "./scenarios/small.ts";
import { sockets } from "./scenarios/sockets.ts";
import { versus } from "./scenarios/versus.ts";
import { type AnyTable, bulk, type Effort, handshakes } from "./scenarios.ts";

const ours = "Handclasp";

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    /** The shortest run: it shows that the scenarios work, and its figures say nothing. */
    smoke: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    subject: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    size: { type: "string", multiple: true, default: [] },
    /**
     * The path of another worktree of this repository, which must be built. `versus` compares it with this worktree.
     */
    old: { type: "string" },
    /** Whether to write the results into docs/performance.md. */
    write: { type: "boolean", default: false },
    /** The directory of performance.md. */
    docs: { type: "string", default: fileURLToPath(new URL("../../../docs", import.meta.url)) },
  },
});

const effort: Effort = values.smoke
  ? { rounds: Number(values.rounds ?? 1), warm: 1, warmHandshakes: 5, duration: 10 }
  : values.quick
    ? { rounds: Number(values.rounds ?? 3), warm: 1, warmHandshakes: 100, duration: 60 }
    : { rounds: Number(values.rounds ?? 15), warm: 3, warmHandshakes: 3000, duration: 250 };
const isShort = values.smoke || values.quick;

/** For `floor` and `versus`: by default, fewer rounds. */
const pairedEffort: Effort = isShort ? effort : { ...effort, rounds: Number(values.rounds ?? 9) };

const mainSubjects = [ours, "node:tls", "raw ws"];
const otherSubjects = ["Handclasp, noble", "Handclasp, TCP", "node:tls, TCP", "raw TCP", "lemon-tls", "lemon-tls, TCP"];
const peerSubjects = ["@reclaimprotocol/tls", "subtls (TLS 1.3)", "node-forge (TLS 1.1)"];
const allSubjects = [...mainSubjects, ...otherSubjects, ...peerSubjects];

/**
 * The subject to which ratios refer, unless a scenario has its own base: node:tls, or the first of the chosen subjects
 * if node:tls is not one of them.
 */
const base = values.subject.length && !values.subject.includes("node:tls") ? (values.subject[0] as string) : "node:tls";

const writeSizes = values.size.length ? values.size.map(Number) : [16_384, 65_536];
const versusSizes = values.size.length ? writeSizes : [64, 1024, ...writeSizes];

const pick = (names: readonly string[]): readonly string[] => (values.subject.length ? values.subject : names);

const scenarios: Record<string, () => Promise<AnyTable[]>> = {
  "bulk-down": () => bulk(pick(allSubjects), base, "down", writeSizes, effort),
  "bulk-up": () => bulk(pick(allSubjects), base, "up", writeSizes, effort),
  socket: () => sockets(ours, writeSizes, effort),
  floor: () => floor(ours, writeSizes, pairedEffort),
  versus: () => versus(resolve(values.old ?? "."), versusSizes, pairedEffort),
  "sizes-down": () => sizesOf(pick(mainSubjects), base, "down", effort),
  "sizes-up": () => sizesOf(pick(mainSubjects), base, "up", effort),
  "handshake-ecdsa": async () => [await handshakes(pick(allSubjects), base, "ecdsa-p256", effort)],
  "handshake-rsa": async () => [await handshakes(pick(allSubjects), base, "rsa-2048", effort)],
  "resumed-ecdsa": () => resumed("ecdsa-p256", effort),
  "resumed-rsa": () => resumed("rsa-2048", effort),
  observed: () => observed("ecdsa-p256", pairedEffort),
  memory: () => memory(effort),
  "cold-ecdsa": () => cold("ecdsa-p256", pick(coldSubjects), base, effort),
  "cold-rsa": () => cold("rsa-2048", pick(coldSubjects), base, effort),
  idle: () => idle(pick(idleSubjects), isShort ? 200 : 1000, effort),
  growth: () => growth(pick(growthSubjects), base, isShort ? [1, 10, 100] : [1, 10, 100, 1000, 5000], effort),
  small: () => small(pick(smallSubjects), isShort ? 50 : 500, effort),
  ...pageScenarios(effort, values.subject),
};

const unknown = values.only.find((part) => !Object.keys(scenarios).some((name) => name.startsWith(part)));
if (unknown !== undefined || values.help) {
  if (unknown !== undefined) console.error(`no scenario begins with "${unknown}"`);
  console.error(
    [
      "pnpm bench -- [--only NAME]… [--subject NAME]… [--rounds N] [--size BYTES]… [--old PATH] [--quick | --smoke]",
      "  [--json] [--write [--docs DIR]]",
      "--only: the beginning of a scenario's name",
      "--quick: three short rounds, for rough figures",
      "--smoke: one round that is as short as possible, to see whether the scenarios work",
      '--old: the path of another worktree of this repository, which must be built, for "versus"',
      "--json: print the tables only as JSON",
      "--write: write the tables into docs/performance.md, and the plots and results.json into docs/performance",
      `scenarios: ${Object.keys(scenarios).join(", ")}`,
    ].join("\n"),
  );
  process.exit(unknown === undefined ? 0 : 2);
}

if (values.old === undefined && values.only.some((part) => "versus".startsWith(part))) {
  console.error("versus needs --old PATH: give another worktree of this repository, and build it first");
  process.exit(2);
}

const tables: AnyTable[] = [];
for (const [name, measure] of Object.entries(scenarios)) {
  if (values.only.length && !values.only.some((part) => name.startsWith(part))) continue;
  // Without --only, versus runs only if --old names a worktree.
  if (name === "versus" && values.old === undefined) continue;
  const measured = await measure();
  tables.push(...measured);
  // Save after each scenario, because later scenarios take minutes and may fail.
  const { rounds } = ["floor", "versus"].includes(name) ? pairedEffort : effort;
  if (values.write) await saveResults(values.docs, measured, rounds);
  if (!values.json) for (const table of measured) console.log(format(table));
}
if (values.json) console.log(JSON.stringify(tables, undefined, 2));
process.exit();
