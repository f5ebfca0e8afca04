import { isGreen, type Row } from "./run.ts";

const [begin, end] = ["<!-- runtimes: pnpm runtimes --write -->", "<!-- end of runtimes -->"];

/** Replaces the table of the runtimes in a document. Fails if the document has no place for it. */
export function withTable(document: string, rows: readonly Row[]): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${tableOf(rows)}\n${document.slice(to)}`;
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows
    .filter(isGreen)
    .map(({ runtime: { name, adapter, carrier }, version, provider, suite }) =>
      ["", name, version, `\`${adapter}\``, provider, carrier, suite.passed, ""].join(" | ").trim(),
    );
  return [
    "| runtime | tested version | package | provider | carrier | tests of the core suite |",
    "|---|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}
