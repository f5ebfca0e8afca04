import type { Row } from "./rounds.ts";
import { type AnyTable, type Column, formatBytes, type Grid, type Table } from "./scenarios.ts";

const isMeasured = (row: Table["rows"][number]): row is Row => "speed" in row;

const formatRatio = (n: number): string => (Number.isFinite(n) ? `${n.toFixed(2)}x` : "–");

/** Formats a table as Markdown, which is readable in a terminal too. */
export const format = (table: AnyTable): string => ("cells" in table ? formatGrid(table) : formatRows(table));

function formatGrid({ title, note, columns, cells }: Grid): string {
  const text = (cell: string | number, { digits = 2, unit = "" }: Column): string =>
    typeof cell === "string"
      ? cell
      : unit === "bytes"
        ? formatBytes(cell)
        : `${groupThousands(cell.toFixed(digits))}${unit}`;
  const lines = cells.map((row) => row.map((cell, i) => text(cell, columns[i] as Column)));
  const head = columns.map(({ name }) => name);
  return `### ${title}\n\n${note ? `${note}\n\n` : ""}${markdown(head, lines)}\n`;
}

const groupThousands = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");

const markdown = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function formatRows({ title, base, unit, rows }: Table): string {
  const speed = ({ wall }: Row): string =>
    unit === "MiB" ? `${(1000 / wall).toFixed(wall > 100 ? 1 : 0)} MiB/s` : `${wall.toFixed(2)} ms`;
  const lines = rows.map((row) =>
    isMeasured(row)
      ? [
          row.subject,
          speed(row),
          `${formatRatio(row.speed)} (${row.spread.map(formatRatio).join("–")})`,
          `${row.client.toFixed(2)} / ${row.server.toFixed(2)}`,
          `${formatRatio(row.clientRatio)} / ${formatRatio(row.serverRatio)} / ${formatRatio(row.cpuRatio)}`,
          formatRatio(row.warmUp),
        ]
      : [row.subject, `not measured: ${row.note}`, "", "", "", ""],
  );
  const head = [
    "",
    unit === "MiB" ? "throughput" : "time",
    `speed (${base} = 1)`,
    `CPU ms/${unit}, client / server`,
    `CPU (${base} = 1), client / server / both`,
    "first round",
  ];
  return `### ${title}\n\n${markdown(head, lines)}\n`;
}
