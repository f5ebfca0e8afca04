/**
 * Results are kept in docs/performance/results.json, so that a part can be measured again without the rest.
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { charts } from "./charts.ts";
import { document, type Results } from "./document.ts";
import { machine } from "./machine.ts";
import type { AnyTable, Effort } from "./scenarios.ts";

/**
 * Merges tables into the results in `docs`, each in place of its predecessor, and rewrites the document and the plots.
 */
export async function keep(docs: string, tables: readonly AnyTable[], { rounds }: Effort): Promise<void> {
  const here = machine();
  const previous = await load(docs);
  if (previous && JSON.stringify(previous.machine) !== JSON.stringify(here))
    throw new Error(
      "docs/performance/results.json is from another machine, whose figures are not comparable: remove it first",
    );
  const date = new Date().toISOString().slice(0, 10);
  const merged = new Map(previous?.tables.map((measured) => [measured.table.id, measured]));
  for (const table of tables) merged.set(table.id, { date, rounds, table });
  const results: Results = { machine: here, tables: [...merged.values()] };
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
  const plots = await charts(results.tables.map(({ table }) => table));
  for (const { file, svg } of plots) await writeFile(join(docs, "performance", file), `${svg}\n`);
  const path = join(docs, "performance.md");
  const before = await readFile(path, "utf8").catch(() => undefined);
  await writeFile(path, document(before, results, plots));
}
