/**
 * Stores results in docs/performance/results.json, so that one scenario can be measured again without the others.
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { drawCharts } from "./charts.ts";
import { type Results, renderDocument } from "./document.ts";
import { describeMachine } from "./machine.ts";
import type { AnyTable } from "./scenarios.ts";

/**
 * Merges tables into the stored results, and writes the document and the plots. A table replaces the stored table with
 * the same id.
 */
export async function saveResults(docs: string, tables: readonly AnyTable[], rounds: number): Promise<void> {
  const machine = describeMachine();
  const previous = await load(docs);
  if (previous && JSON.stringify(previous.machine) !== JSON.stringify(machine))
    throw new Error(
      `${pathOf(docs)} has the results of another machine, and figures of two machines do not compare: remove the file`,
    );
  const date = new Date().toISOString().slice(0, 10);
  const merged = new Map(previous?.tables.map((measured) => [measured.table.id, measured]));
  for (const table of tables) merged.set(table.id, { date, rounds, table });
  const results: Results = { machine, tables: [...merged.values()] };
  await mkdir(join(docs, "performance"), { recursive: true });
  await writeFile(pathOf(docs), `${JSON.stringify(results, undefined, 1)}\n`);
  await render(docs, results);
}

const pathOf = (docs: string): string => join(docs, "performance", "results.json");

async function load(docs: string): Promise<Results | undefined> {
  const text = await readFile(pathOf(docs), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Results);
}

async function render(docs: string, results: Results): Promise<void> {
  const plots = await drawCharts(results.tables.map(({ table }) => table));
  for (const { file, svg } of plots) await writeFile(join(docs, "performance", file), `${svg}\n`);
  const path = join(docs, "performance.md");
  const before = await readFile(path, "utf8").catch(() => undefined);
  await writeFile(path, renderDocument(before, results, plots));
}
