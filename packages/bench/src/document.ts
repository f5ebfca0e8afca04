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

/** The text of a new document. People write the prose around the tables, and `renderDocument` does not change it. */
const outline = `# Performance

The speed of Handclasp compared with other TLS stacks, measured by [packages/bench](../packages/bench).

## In short

## Meaning of the figures

## Shortfalls, and their causes

${startMarker}
${endMarker}
`;

interface Section {
  readonly title: string;
  /** The prefixes of the ids of its tables, in the order of the tables. */
  readonly ids: readonly string[];
}

/** The sections in their order. Tables whose ids have none of these prefixes follow in a last section. */
const sections: readonly Section[] = [
  { title: "Bulk data, Node to Node", ids: ["bulk-down", "bulk-up"] },
  { title: "Sockets over channels", ids: ["socket"] },
  { title: "The floor", ids: ["floor"] },
  { title: "Old against new", ids: ["versus"] },
  { title: "Sizes of writes", ids: ["sizes"] },
  { title: "Full handshakes", ids: ["handshake"] },
  { title: "Resumed handshakes", ids: ["resumed", "memory"] },
  { title: "Cold start of a client", ids: ["cold"] },
  { title: "Idle connections", ids: ["idle"] },
  { title: "Many connections", ids: ["growth"] },
  { title: "Small messages", ids: ["small"] },
  { title: "In a browser", ids: ["page"] },
  { title: "Messages in a page", ids: ["messages"] },
];

/** Replaces the generated part of the document, and keeps its prose. Without both markers, the document is new. */
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
- \`pnpm bench -- --write\` (\`npx pnpm@12.21.0 bench\` if pnpm is not installed) runs all scenarios in about half an \
hour, and writes this part of the document, [results.json](performance/results.json) and the plots. \
\`--only cold --write\` repeats only the scenarios whose names begin with "cold". \`--only versus --old PATH --write\` \
compares the build of another worktree with the build of this one. \`--json\` prints the tables as JSON. \`--quick\` \
gives rough figures.

Client and server are separate processes. Each round measures every subject once, and each round begins with another \
subject. A figure is the median of the rounds. A ratio is the median of the ratios within a round; the range in \
brackets (or the columns "from" and "to") is the middle half of these ratios. "First round" is the wall time of the \
very first round divided by the median wall time: it shows warm-up, which no other figure contains. For bulk data and \
handshakes, each subject first repeats its work untimed, because V8 drops compiled code of an idle process.`;
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
