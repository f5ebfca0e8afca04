import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { AnyTable, Grid, Table } from "./scenarios.ts";

export interface Plot {
  readonly file: string;
  readonly alt: string;
  /** The prefix of the ids of the tables that the plot shows. */
  readonly section: string;
  readonly svg: string;
}

type Point = Readonly<Record<string, string | number>>;

interface Chart {
  readonly file: string;
  readonly alt: string;
  readonly section: string;
  readonly points: (tables: ReadonlyMap<string, AnyTable>) => readonly Point[];
  /**
   * A Vega-Lite specification without its data. Its type is not a part of `TopLevelSpec`, because TypeScript cannot
   * check a part of this union.
   */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Greys and hues of medium lightness on a transparent background, which are legible on white and on black. */
const ink = "#808890";
const config = {
  background: "transparent",
  font: "sans-serif",
  view: { stroke: null },
  axis: { labelColor: ink, titleColor: ink, domainColor: ink, tickColor: ink, gridColor: ink, gridOpacity: 0.25 },
  legend: { labelColor: ink, titleColor: ink },
  header: { labelColor: ink, titleColor: ink, labelFontSize: 12 },
  title: { color: ink },
  line: { strokeWidth: 2.5, point: { size: 45 } },
  range: { category: ["#2f81f7", "#db6d28", "#8b949e", "#3fa34d", "#a371f7", "#d2a008", "#db61a2"] },
} as const;

const subjects = { field: "subject", type: "nominal", title: null, sort: null } as const;

const chartSpecs: readonly Chart[] = [
  {
    file: "sizes.svg",
    alt: "Throughput over the size of writes, down and up",
    section: "sizes",
    points: (tables) =>
      ["down", "up"].flatMap((direction) =>
        fold(tables.get(`sizes-${direction}`)).map(([size, subject, speed]) => ({ direction, size, subject, speed })),
      ),
    spec: {
      width: 330,
      height: 260,
      mark: "line",
      encoding: {
        column: { field: "direction", type: "nominal", title: null },
        x: {
          field: "size",
          type: "quantitative",
          title: "bytes in a write",
          scale: { type: "log", base: 2 },
          axis: {
            labelExpr:
              "datum.value >= 1048576 ? '1 MiB' : " +
              "datum.value >= 1024 ? datum.value / 1024 + ' KiB' : datum.value + ' B'",
            values: [16, 256, 4096, 65_536, 1_048_576],
          },
        },
        y: { field: "speed", type: "quantitative", title: "MiB/s", scale: { type: "log" } },
        color: subjects,
      },
    },
  },
  ...[
    {
      file: "growth-throughput.svg",
      alt: "Throughput of all connections over their number",
      column: 2,
      title: "MiB/s",
      type: "linear",
    },
    {
      file: "growth-memory.svg",
      alt: "Memory of the server over the number of connections",
      column: 5,
      title: "rss of the server, MiB",
      type: "log",
    },
  ].map(
    ({ file, alt, column, title, type }): Chart => ({
      file,
      alt,
      section: "growth",
      points: (tables) =>
        cellsOf(tables.get("growth")).flatMap((cells) => {
          const value = cells[column];
          return typeof value === "number" ? [{ subject: String(cells[0]), connections: Number(cells[1]), value }] : [];
        }),
      spec: {
        width: 480,
        height: 260,
        mark: "line",
        encoding: {
          x: {
            field: "connections",
            type: "quantitative",
            scale: { type: "log" },
            axis: { values: [1, 10, 100, 1000, 5000] },
          },
          y: { field: "value", type: "quantitative", title, scale: { type: type as "linear" | "log" } },
          color: subjects,
        },
      },
    }),
  ),
  {
    file: "handshakes.svg",
    alt: "CPU time of a full handshake, client and server, for each TLS stack",
    section: "handshake",
    points: (tables) =>
      [...tables.values()].filter(isTable).flatMap(({ id, rows }) => {
        const algorithm = /^handshake-(.*)/.exec(id)?.[1];
        if (!algorithm) return [];
        return rows.flatMap((row) =>
          "speed" in row
            ? (["client", "server"] as const).map((end) => ({ algorithm, subject: row.subject, end, cpu: row[end] }))
            : [],
        );
      }),
    spec: {
      width: 280,
      height: { step: 22 },
      mark: { type: "point", filled: true, size: 90 },
      encoding: {
        column: { field: "algorithm", type: "nominal", title: null },
        x: { field: "cpu", type: "quantitative", title: "CPU, ms for a handshake", scale: { type: "log" } },
        y: { field: "subject", type: "nominal", title: null, sort: null, axis: { grid: true, labelLimit: 200 } },
        color: { field: "end", type: "nominal", title: null },
        shape: { field: "end", type: "nominal", title: null },
      },
    },
  },
];

/** Draws each chart whose tables exist. */
export async function drawCharts(tables: readonly AnyTable[]): Promise<Plot[]> {
  const byId = new Map(tables.map((table) => [table.id, table]));
  const plots: Plot[] = [];
  for (const { file, alt, section, points, spec } of chartSpecs) {
    const values = points(byId);
    if (values.length === 0) continue;
    const full = { ...spec, data: { values }, config };
    const svg = await new View(parse(compile(full as unknown as TopLevelSpec).spec), { renderer: "none" }).toSVG();
    plots.push({ file, alt, section, svg });
  }
  return plots;
}

const isTable = (table: AnyTable): table is Table => "rows" in table;

const cellsOf = (table: AnyTable | undefined): Grid["cells"] => (table && "cells" in table ? table.cells : []);

/**
 * Turns the throughput columns, one per subject, into triples: the size in the first column, the subject, the figure.
 */
function fold(table: AnyTable | undefined): [number, string, number][] {
  if (!table || isTable(table)) return [];
  return table.cells.flatMap((cells) =>
    table.columns.flatMap(({ name, unit }, i): [number, string, number][] =>
      unit === " MiB/s" ? [[Number(cells[0]), name, Number(cells[i])]] : [],
    ),
  );
}
