import type { Plot } from "./charts.ts";
import type { Machine } from "./machine.ts";
import { format } from "./report.ts";
import type { AnyTable } from "./scenarios.ts";

export interface Results {
  readonly machine: Machine;
  readonly tables: readonly Measured[];
}

export interface Measured {
  /** The day, in UTC. */
  readonly date: string;
  readonly rounds: number;
  readonly table: AnyTable;
}

const startMarker = "<!-- measured: written by `pnpm bench -- --write`, do not edit -->";
const endMarker = "<!-- end of what was measured -->";

/** A new document. People write the prose around the tables, and `renderDocument` does not change it. */
const outline = `# Performance

The speed of Handclasp compared with other TLS stacks, measured by [packages/bench](../packages/bench).

## In short

## What falls short, and why

## What the figures mean

${startMarker}
${endMarker}
`;

interface Section {
  readonly title: string;
  /** The prefixes of the ids of its tables, in the order of the tables. */
  readonly ids: readonly string[];
}

/** Tables whose ids have no such prefix come last. */
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

/** Replaces the generated part of the document. Its prose stays. */
export function renderDocument(before: string | undefined, results: Results, plots: readonly Plot[]): string {
  const text = before?.includes(startMarker) && before.includes(endMarker) ? before : outline;
  const [prose = ""] = text.split(startMarker);
  const after = text.slice(text.indexOf(endMarker));
  return `${prose}${startMarker}\n\n${renderResults(results, plots)}\n${after}`;
}

function renderResults({ machine, tables }: Results, plots: readonly Plot[]): string {
  const { cpu, cores, memory, kernel, node, bufferutil } = machine;
  const about = `## Machine, and how to repeat the measurements

- ${cpu}, ${cores} cores, ${memory}; ${kernel}; Node.js ${node}
- bufferutil: ${bufferutil}, the same for both sides and for every stack that uses \`ws\`
- \`pnpm bench -- --write\` (\`npx pnpm@12.21.0 bench\` if pnpm is not installed) measures everything in about half \
an hour, and writes this part, [results.json](performance/results.json) and the plots. \`--only cold --write\` \
repeats one part. \`--only versus --old PATH --write\` compares another worktree with this one. \`--json\` only \
prints. \`--quick\` gives rough figures.

Client and server are separate processes. Every subject is measured once in each round, in a different order each \
time. A figure is the median of the rounds. A ratio is the median of the ratios within each round; the range in \
brackets (or the columns "from" and "to") is the middle half of them. "First round" is the time of the very first \
round divided by that median: it shows warm-up, which no other figure contains. For bulk data and handshakes, each \
subject first repeats its work untimed, because V8 drops compiled code of an idle process.`;
  const used = new Set<Measured>();
  const parts = sections.map(({ title, ids }) => {
    const inSection = ids.flatMap((id) => tables.filter(({ table }) => table.id.startsWith(id)));
    for (const measured of inSection) used.add(measured);
    return renderSection(
      title,
      inSection,
      plots.filter(({ section }) => ids.includes(section)),
    );
  });
  const rest = renderSection(
    "Others",
    tables.filter((measured) => !used.has(measured)),
    [],
  );
  return [about, ...parts, rest].filter((text) => text !== "").join("\n\n");
}

function renderSection(title: string, tables: readonly Measured[], plots: readonly Plot[]): string {
  if (tables.length === 0) return "";
  const images = plots.map(({ file, alt }) => `![${alt}](performance/${file})`);
  const bodies = tables.map(({ table, date, rounds }) => `${format(table)}\n${rounds} rounds, ${date}`);
  return [`## ${title}`, ...images, ...bodies].join("\n\n");
}
