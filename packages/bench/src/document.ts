import type { Plot } from "./charts.ts";
import type { Machine } from "./machine.ts";
import { format } from "./report.ts";
import type { AnyTable } from "./scenarios.ts";

export interface Results {
  readonly machine: Machine;
  readonly tables: readonly Measured[];
}

export interface Measured {
  /** The day of the measurement, in UTC. */
  readonly date: string;
  readonly rounds: number;
  readonly table: AnyTable;
}

const start = "<!-- measured: written by `pnpm bench -- --write`, do not edit -->";
const end = "<!-- end of what was measured -->";

/** The initial document. Its text outside the markers is written by hand and never changed. */
const outline = `# Performance

This document compares Handclasp with its peers, as measured by [packages/bench](../packages/bench).

## In short

## What falls short, and why

## What the figures mean

${start}
${end}
`;

interface Section {
  readonly title: string;
  /** Prefixes of the ids of its tables, in the order of the tables. */
  readonly ids: readonly string[];
}

/** Tables whose ids have none of these prefixes come last. */
const sections: readonly Section[] = [
  { title: "Bulk data, Node to Node", ids: ["bulk-down", "bulk-up"] },
  { title: "The floor", ids: ["floor"] },
  { title: "Old against new", ids: ["versus"] },
  { title: "Sizes of writes", ids: ["sizes"] },
  { title: "Full handshakes", ids: ["handshake"] },
  { title: "Resumed handshakes", ids: ["resumed", "memory"] },
  { title: "Cold start of a client", ids: ["cold"] },
  { title: "Idle connections", ids: ["idle"] },
  { title: "Many connections", ids: ["growth"] },
  { title: "In a browser", ids: ["page"] },
];

/** Returns the document with its generated part replaced. */
export function document(before: string | undefined, results: Results, plots: readonly Plot[]): string {
  const text = before?.includes(start) && before.includes(end) ? before : outline;
  const [prose = ""] = text.split(start);
  const after = text.slice(text.indexOf(end));
  return `${prose}${start}\n\n${generated(results, plots)}\n${after}`;
}

function generated({ machine, tables }: Results, plots: readonly Plot[]): string {
  const { cpu, cores, memory, kernel, node, bufferutil } = machine;
  const about = `## Machine, and how to repeat

- ${cpu}, ${cores} cores, ${memory}; ${kernel}; Node.js ${node}
- bufferutil: ${bufferutil}, the same for both sides and for every subject that uses \`ws\`
- \`pnpm bench -- --write\` (\`npx pnpm@12.21.0 bench\` without pnpm) measures everything, which takes half an hour, \
and writes this part, [results.json](performance/results.json) and the plots; \`--only cold --write\` measures a \
part again, \`--only versus --old PATH --write\` compares another worktree with this one, \`--json\` only prints, \
\`--quick\` gives a first impression.

Client and server are separate processes. A figure is a median over rounds in which every subject has its turn, in \
another order each time. A ratio is the median of the rounds' ratios; the range in brackets (or under from and to) \
is the middle half of them. "First round" is the time of the first round relative to that median: warm-up, which no \
other figure contains. In bulk and handshakes every turn begins with a run that is not measured, because an engine \
drops compiled code of a process that rests.`;
  const used = new Set<Measured>();
  const parts = sections.map(({ title, ids }) => {
    const chosen = ids.flatMap((id) => tables.filter(({ table }) => table.id.startsWith(id)));
    for (const measured of chosen) used.add(measured);
    return part(
      title,
      chosen,
      plots.filter(({ section }) => ids.includes(section)),
    );
  });
  const rest = part(
    "Others",
    tables.filter((measured) => !used.has(measured)),
    [],
  );
  return [about, ...parts, rest].filter((text) => text !== "").join("\n\n");
}

function part(title: string, tables: readonly Measured[], plots: readonly Plot[]): string {
  if (tables.length === 0) return "";
  const images = plots.map(({ file, alt }) => `![${alt}](performance/${file})`);
  const bodies = tables.map(({ table, date, rounds }) => `${format(table)}\n${rounds} rounds, ${date}`);
  return [`## ${title}`, ...images, ...bodies].join("\n\n");
}
